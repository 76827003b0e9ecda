import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import { ERRNO, errnoOf } from '../../mysql/errno.ts'
import { type TableNames, tableNames } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { ownComment } from '../follower.ts'
import type { EngineRequest } from '../port.ts'
import { swapComment } from './swap.ts'

/**
 * A sentry is an empty table under the name that a live table is about to get. While it stands there, a RENAME of
 * all tables fails as a whole. Its comment tells it from the old table itself.
 */
const COMMENT = 'crossfade: no table, but a guard until the swap'

/** Where a deployment is: its id, its schema and the tables of its request. */
export type SentryPlace = {
  readonly schema: string
  readonly request: Pick<EngineRequest, 'id' | 'operations'>
}

/** Puts up the sentry, or leaves the one that stands there. */
export async function putSentry(
  session: Session,
  { id, schema }: { readonly id: string; readonly schema: string },
  name: string,
): Promise<void> {
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.raw(ownComment(id))} ${sql.id(schema, name)}
    (id INT PRIMARY KEY) ENGINE=InnoDB COMMENT = ${sql.lit(COMMENT)}`)
}

/** Takes a sentry away, if it stands there, through a session that may drop the table. */
export async function dropSentry(
  session: Session,
  { id, schema }: { readonly id: string; readonly schema: string },
  name: string,
): Promise<void> {
  await session.run(sql`DROP TABLE IF EXISTS ${sql.raw(ownComment(id))} ${sql.id(schema, name)}`)
}

/** Which of these tables are there and are no sentries. */
export async function realTables(
  session: Session,
  schema: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await readTables(session, schema, names)
  return new Set(rows.filter(({ comment }) => comment !== COMMENT).map(({ name }) => name))
}

/**
 * Takes away every sentry of a deployment, once no RENAME of it can happen any more: one that still waits for its locks,
 * of a connection that we have lost, would find its way free. The same goes for an ALTER that gives a shadow its foreign
 * keys: nobody would take them off again.
 */
export async function clearSentries(
  session: Session,
  { schema, request }: SentryPlace,
  clock: Clock,
): Promise<void> {
  const { id, operations } = request
  await endStatements(session, id, clock)
  const names = operations.map(({ table }): TableNames => tableNames(id, table))
  const tables = await readTables(
    session,
    schema,
    names.flatMap(({ shadow, old }) => [shadow, old]),
  )
  for (const { name, comment } of tables) {
    if (comment === COMMENT) await dropSentry(session, { id, schema }, name)
  }
}

const LOOK_EVERY_MS = 20

/** Ends every RENAME and ALTER of the deployment that is still under way on the server, and returns when there is none. */
async function endStatements(session: Session, id: string, clock: Clock): Promise<void> {
  const comments = [ownComment(id), swapComment(id, 'forward'), swapComment(id, 'back')]
  for (;;) {
    // Not information_schema.PROCESSLIST: MySQL fails it with 3854 as long as anybody's statement has an emoji in it.
    const threads =
      await session.rows(sql<{ Id: string | number; Info: string | null }>`SHOW FULL PROCESSLIST`)
    const under = threads.filter(
      ({ Info }) =>
        Info !== null &&
        /^(?:RENAME|ALTER) TABLE/.test(Info) &&
        comments.some((comment) => Info.includes(comment)),
    )
    if (under.length === 0) return
    for (const { Id } of under) {
      await session.run(sql`KILL ${sql.lit(Number(Id))}`).catch((error: unknown) => {
        if (errnoOf(error) !== ERRNO.NO_SUCH_THREAD) throw error
      })
    }
    await clock.sleep(LOOK_EVERY_MS)
  }
}

async function readTables(
  session: Session,
  schema: string,
  names: readonly string[],
): Promise<readonly { readonly name: string; readonly comment: string }[]> {
  if (names.length === 0) return []
  const question = sql<{ name: string; comment: string }>`
    SELECT TABLE_NAME AS name, TABLE_COMMENT AS comment FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME IN (${sql.join(names)}) AND TABLE_TYPE <> 'VIEW'`
  return await dictionaryRows(session, question)
}
