import { connect, parseTarget } from '../src/mysql/connect.ts'
import { connectLimited } from '../src/mysql/scratch-account.ts'
import type { Session } from '../src/mysql/session.ts'
import { startThrowaway } from '../src/mysql/throwaway.ts'
import type { Scratch } from './inputs.ts'

/** A session on a server on which schemas of strangers may be made; whatever was started for it ends with it. */
export type ScratchSession = AsyncDisposable & { readonly session: Session }

/**
 * Connects to the scratch server, or starts one of the wanted family.
 *
 * @throws {Refusal} SERVER_NOT_FOUND, or what `connect` says of the server that the workflow provides.
 */
export async function openScratch(scratch: Scratch): Promise<ScratchSession> {
  await using opening = new AsyncDisposableStack()
  const session =
    scratch.kind === 'server'
      ? await connect(parseTarget(scratch.url))
      : await connectLimited(
          opening.use(await startThrowaway(scratch.flavour, { env: scratch.env })).url(),
        )
  opening.use(session)
  const resources = opening.move()
  return { session, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
