import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { connect, parseTarget } from '../mysql/connect.ts'
import { connectLimited } from '../mysql/scratch-account.ts'
import { type Flavour, readServer } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import { startThrowaway, type ThrowawayServer } from '../mysql/throwaway.ts'
import { isDatabaseUrl, type LoadOptions } from '../schema/load.ts'
import type { CommandIo } from './io.ts'

/** How the schemas of one command are read; what was started for that ends with it. */
export type Loading = AsyncDisposable & LoadOptions

/**
 * How to read `sources`, folders and databases, so that they can be compared: folders, also of migrations, on a scratch server of the
 * databases' family, which is started only when it is needed, and with the collation of their tables.
 *
 * @throws {Refusal} INPUT_INVALID for sources of both families, and what `connect` refuses.
 */
export async function openLoading(
  sources: readonly string[],
  scratch: string | null,
  io: CommandIo,
): Promise<Loading> {
  const databases = await Promise.all(sources.filter(isDatabaseUrl).map(readDatabase))
  const [flavour = null, ...others] = new Set(databases.map((database) => database.flavour))
  if (others.length > 0) throw mixedFlavours()
  const opened = new AsyncDisposableStack()
  let session: Promise<Session> | null = null
  const open = async () => {
    const scratchSession = opened.use(
      scratch === null
        ? await connectLimited(opened.use(await startScratch(flavour ?? 'mysql', io)).url())
        : await connect(parseTarget(scratch)),
    )
    const found = await readServer(scratchSession)
    if (flavour !== null && found.flavour !== flavour) throw mixedFlavours()
    return scratchSession
  }
  return {
    scratch: () => {
      session ??= open()
      return session
    },
    note: (text) => io.err(`note: ${text}`),
    ...(databases[0] ? { collation: databases[0].collation } : {}),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Ctrl-C must not leave a server behind, and ends the command as it would have without one. */
async function startScratch(flavour: Flavour, io: CommandIo): Promise<ThrowawayServer> {
  const server = await startThrowaway(flavour, { env: io.env })
  io.onInterrupt(() => void server.stop().finally(() => process.exit(INTERRUPTED)))
  return server
}

/** As shells count it: 128 and the number of SIGINT. */
const INTERRUPTED = 130

type Database = {
  readonly flavour: Flavour
  /** What a table gets that names no collation, so that a folder is read as this schema would read it. */
  readonly collation: string
}

async function readDatabase(url: string): Promise<Database> {
  await using session = await connect(parseTarget(url))
  const { flavour } = await readServer(session)
  const row = await session.row(sql<{ name: string }>`SELECT @@collation_database AS name`)
  return { flavour, collation: row?.name ?? '' }
}

function mixedFlavours(): Refusal {
  const message = 'MySQL and MariaDB spell the same table differently, so they cannot be compared.'
  return new Refusal('INPUT_INVALID', message, {
    next: 'Compare servers of one family; leave --scratch out to get the right one.',
  })
}
