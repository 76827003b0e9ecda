import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { ERRNO, errnoOf, isConnectionLost } from '../mysql/errno.ts'
import type { Session } from '../mysql/session.ts'

/**
 * What `work` gives, run in an empty schema with a random name that is the session's own meanwhile. The schema is dropped
 * also when `work` throws, and the session goes back to the schema that it had.
 *
 * @throws {Refusal} ACCESS_DENIED when the account may not make schemas of this name.
 */
export async function inScratchSchema<T>(
  session: Session,
  collation: string | null,
  work: (schemaName: string) => Promise<T>,
): Promise<T> {
  const name = `crossfade_scratch_${randomBytes(8).toString('hex')}`
  const before = await session.row(sql<{ name: string | null }>`SELECT DATABASE() AS name`)
  await createDatabase(session, name, collation)
  try {
    await session.run(sql`USE ${sql.id(name)}`)
    return await work(name)
  } finally {
    await dropDatabase(session, name)
    if (before?.name) await session.run(sql`USE ${sql.id(before.name)}`)
  }
}

const DENIED: readonly (number | null)[] = [
  ERRNO.DATABASE_ACCESS_DENIED,
  ERRNO.COMMAND_DENIED,
  ERRNO.SPECIFIC_ACCESS_DENIED,
]

async function createDatabase(
  session: Session,
  name: string,
  collation: string | null,
): Promise<void> {
  const collate = collation === null ? sql`` : sql` COLLATE ${sql.id(collation)}`
  try {
    await session.run(sql`CREATE DATABASE ${sql.id(name)}${collate}`)
  } catch (error) {
    if (!DENIED.includes(errnoOf(error))) throw error
    throw new Refusal('ACCESS_DENIED', 'The account may not make a schema on the scratch server.', {
      next: 'Give it a scratch server of its own, or GRANT ALL ON `crossfade\\_scratch\\_%`.* TO it.',
      cause: error,
    })
  }
}

async function dropDatabase(session: Session, name: string): Promise<void> {
  try {
    await session.run(sql`DROP DATABASE ${sql.id(name)}`)
  } catch (error) {
    // A lost connection has an error of its own already, and nobody is left who could drop it.
    if (!isConnectionLost(error)) throw error
  }
}
