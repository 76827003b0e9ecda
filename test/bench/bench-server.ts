import { sql } from 'kysely'
import { connect, parseTarget, type Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'

/** A schema of its own for one benchmark. */
export type Bench = { readonly target: Target; readonly session: Session; readonly schema: string }

/** Runs `work` with an empty schema, and drops it. */
export async function withSchema<T>(
  server: ThrowawayServer,
  schema: string,
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const target = parseTarget(server.url(schema))
  await using admin = await connect({ ...target, schema: null })
  await admin.run(sql`CREATE DATABASE ${sql.id(schema)}`)
  try {
    await using session = await connect(target)
    return await work({ target, session, schema })
  } finally {
    await admin.run(sql`DROP DATABASE ${sql.id(schema)}`)
  }
}

/** For how many seconds `work` ran. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begunAt = performance.now()
  await work()
  return (performance.now() - begunAt) / 1000
}
