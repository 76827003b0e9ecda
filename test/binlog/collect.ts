import { sql } from 'kysely'
import type { ChangeEvent } from '../../src/binlog/event.ts'
import type { Key, KeyLayout } from '../../src/binlog/key.ts'
import { type ChangeStream, openChangeStream } from '../../src/binlog/stream.ts'
import type { Target } from '../../src/mysql/connect.ts'
import { type Position, readPosition } from '../../src/mysql/position.ts'
import type { Session } from '../../src/mysql/session.ts'

/** The table that a test writes to when it is done. */
export const BARRIER = 'zz_barrier'

/** What was written between two moments, and how to read it again. */
export type Written = {
  readonly target: Target
  readonly schema: string
  readonly from: Position
  readonly layouts: ReadonlyMap<string, KeyLayout>
}

/** Runs `work` on tables that exist already, and remembers where in the binlog it began. It ends with a barrier row. */
export async function write(
  session: Session,
  target: Target,
  work: () => Promise<void>,
): Promise<Written> {
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(BARRIER)} (id INT PRIMARY KEY)`)
  await session.run(sql`DELETE FROM ${sql.id(BARRIER)}`)
  const row = await session.row(sql<{ name: string }>`SELECT DATABASE() AS name`)
  const schema = row?.name ?? ''
  const layouts = await readLayouts(session)
  const from = await readPosition(session)
  await work()
  await session.run(sql`INSERT INTO ${sql.id(BARRIER)} VALUES (1)`)
  return { target, schema, from, layouts }
}

/** Opens a stream over what was written. */
export function open({ target, schema, from, layouts }: Written): Promise<ChangeStream> {
  return openChangeStream({
    target,
    from,
    heartbeatMs: 1000,
    layoutOf: (name, table) => (name === schema ? (layouts.get(table) ?? null) : null),
  })
}

/** Everything that was written, without what other tests of the same server did; one array per array of the stream. */
export async function collect(written: Written): Promise<readonly (readonly ChangeEvent[])[]> {
  await using stream = await open(written)
  const arrays: ChangeEvent[][] = []
  for await (const changes of stream) {
    const barrier = changes.findIndex((change) => isBarrier(change, written.schema))
    const until = barrier === -1 ? changes.length : barrier
    arrays.push(changes.slice(0, until).filter((change) => isOwn(change, written.schema)))
    if (barrier !== -1) return arrays
  }
  throw new TypeError('a change stream has no end')
}

/** The keys of `table` in the order in which they came. */
export function keysOf(changes: readonly ChangeEvent[], table: string): readonly Key[] {
  return changes.flatMap((change) =>
    change.type === 'keys' && change.table === table ? change.keys : [],
  )
}

/** A key as the queries of these tests print it: bytes in hexadecimal. */
export function printKey(key: Key): string {
  return key
    .map((value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex').toUpperCase() : `${value}`,
    )
    .join('|')
}

function isBarrier(change: ChangeEvent, schema: string): boolean {
  return change.type === 'keys' && change.schema === schema && change.table === BARRIER
}

function isOwn(change: ChangeEvent, schema: string): boolean {
  return change.type === 'statement' ? change.schema === schema : true
}

/** The layouts of all tables of the session's schema, by their primary keys. */
export async function readLayouts(session: Session): Promise<Map<string, KeyLayout>> {
  const rows = await session.rows(sql<{
    name: string
    columns: string
    ordinal: string
    type: string
    full: string
    bytes: string | null
  }>`
    SELECT s.TABLE_NAME AS name, c.ORDINAL_POSITION - 1 AS ordinal, LOWER(c.DATA_TYPE) AS type,
      LOWER(c.COLUMN_TYPE) AS full, c.CHARACTER_OCTET_LENGTH AS bytes,
      (SELECT COUNT(*) FROM information_schema.COLUMNS a
       WHERE a.TABLE_SCHEMA = s.TABLE_SCHEMA AND a.TABLE_NAME = s.TABLE_NAME) AS columns
    FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c
      ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
    WHERE s.TABLE_SCHEMA = DATABASE() AND s.INDEX_NAME = 'PRIMARY' ORDER BY s.TABLE_NAME, s.SEQ_IN_INDEX`)
  const layouts = new Map<string, KeyLayout>()
  for (const { name, columns, ordinal, type, full, bytes } of rows) {
    const column = {
      ordinal: Number(ordinal),
      dataType: type,
      unsigned: full.includes('unsigned'),
      length: type === 'binary' ? Number(bytes) : null,
    }
    const keyColumns = [...(layouts.get(name)?.keyColumns ?? []), column]
    layouts.set(name, { columnCount: Number(columns), keyColumns })
  }
  return layouts
}
