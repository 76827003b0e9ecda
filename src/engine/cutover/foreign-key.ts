import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import { isContention } from '../../mysql/errno.ts'
import { constraintName, ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { parseTable } from '../../schema/parse.ts'
import { type Key, quoteName, type Table } from '../../schema/table.ts'
import { ownComment } from '../follower.ts'
import type { TableName } from './table-locks.ts'

/**
 * A foreign key of a child table.
 *
 * On a table that lags behind it makes the server refuse to delete a parent's row whose children are gone already. So
 * neither the shadow nor the old table has any: a table gets its own under the locks of the swap, right before the
 * RENAME that makes it live, and loses them right after the one that ends that. Until then their definitions are kept on
 * the server, because a table without foreign keys cannot tell them.
 */
export type ForeignKey = {
  readonly name: string
  readonly columns: readonly string[]
  readonly parent: TableName
  readonly parentColumns: readonly string[]
  /** From CONSTRAINT on, as ALTER TABLE … ADD takes it. */
  readonly definition: string
}

/** What a table is to have when it is live: in its new form, and in its old one should the change be reverted. */
export type ForeignKeys = {
  readonly after: readonly ForeignKey[]
  readonly before: readonly ForeignKey[]
}

/** The foreign keys that a table has now. */
export async function readForeignKeys(
  session: Session,
  { schema, name }: TableName,
): Promise<readonly ForeignKey[]> {
  const table = await readChild(session, { schema, name })
  return (table?.foreignKeys ?? []).map(
    ({ parent, parentSchema, serverName, columns, parentColumns, ...key }) => ({
      name: serverName,
      columns,
      parentColumns,
      definition: key.definition.replace(quoteName(key.name), () => quoteName(serverName)),
      parent: { schema: parentSchema ?? schema, name: parent },
    }),
  )
}

/** The definition of a table with foreign keys; null where it has none, or is not there. */
async function readChild(session: Session, { schema, name }: TableName): Promise<Table | null> {
  const any = await dictionaryRows(
    session,
    sql`SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = ${schema} AND TABLE_NAME = ${name} LIMIT 1`,
  )
  if (any.length === 0) return null
  const created = await session.row(
    sql<Record<string, string>>`SHOW CREATE TABLE ${sql.id(schema, name)}`,
  )
  return parseTable(created?.['Create Table'] ?? '')
}

/**
 * The key as the old table can have it again: under its own name, which is free once it was taken off, or, if the server
 * made the name up, under the one that the server would make up there.
 */
export function keyOfOld(key: ForeignKey, live: string, old: string): ForeignKey {
  const generated = constraintName(key.name, live, old)
  if (!generated.startsWith(`${old}_`)) return key
  const [before, after] = [quoteName(key.name), quoteName(generated)]
  return { ...key, name: generated, definition: key.definition.replace(before, () => after) }
}

/** Adds foreign keys to a table; what its rows hold is not checked again, the live table's own keys have done that. */
export async function attachForeignKeys(
  session: Session,
  id: string,
  { schema, name }: TableName,
  keys: readonly ForeignKey[],
): Promise<void> {
  if (keys.length === 0) return
  const clauses = keys.map(({ definition }) => sql`ADD ${sql.raw(definition)}`)
  await session.run(
    sql`ALTER TABLE ${sql.raw(ownComment(id))} ${sql.id(schema, name)} ${sql.join(clauses)}`,
  )
}

/** A table that is to have no foreign keys, or not those of these names. */
export type Freed = TableName & { readonly only?: readonly ForeignKey[] }

/**
 * Takes foreign keys away from a table; nothing happens where it has none, or is not there.
 *
 * An index that a server made for a foreign key would give way to a new one when such a key is put on again: under another
 * name, and on MySQL built anew, under the locks of a swap. One that has been renamed stays, also to the name that it has
 * (measured on both).
 */
export async function detachForeignKeys(
  session: Session,
  id: string,
  { schema, name, only }: Freed,
): Promise<void> {
  if (only?.length === 0) return
  const table = await readChild(session, { schema, name })
  const keys = (table?.foreignKeys ?? []).filter(
    ({ serverName }) => only?.some((key) => key.name === serverName) ?? true,
  )
  if (!table || keys.length === 0) return
  const supported = new Set(keys.map(({ columns }) => columnList(columns)))
  const clauses = [
    ...keys.map(({ serverName }) => sql`DROP FOREIGN KEY ${sql.id(serverName)}`),
    ...table.keys
      .filter((key) => key.kind === 'plain' && supported.has(columnsOf(key)))
      .map((key) => sql`RENAME INDEX ${sql.id(key.name)} TO ${sql.id(key.name)}`),
  ]
  await session.run(
    sql`ALTER TABLE ${sql.raw(ownComment(id))} ${sql.id(schema, name)} ${sql.join(clauses)}`,
  )
}

function columnsOf({ parts }: Key): string {
  return columnList(parts.map((part) => (part.kind === 'column' ? part.column : '')))
}

function columnList(columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => column.toLowerCase()))
}

/**
 * Takes the foreign keys away from tables that are not live, however long the application's transactions on the parents
 * are in the way. A try that waits holds up the parents' writers, so it is short.
 */
export async function settleForeignKeys(
  session: Session,
  id: string,
  tables: readonly Freed[],
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<void> {
  for (const table of tables) {
    await whileHeld(() => detachForeignKeys(session, id, table), {
      clock,
      ...(signal ? { signal } : {}),
    })
  }
}

const MAX_PAUSE_MS = 5_000

/**
 * Does `work` again, with longer and longer pauses, while other transactions hold a table that it needs.
 *
 * @throws the error of the last try, when there are `tries` of them and all were in vain.
 */
export async function whileHeld<T>(
  work: () => Promise<T>,
  {
    clock,
    signal,
    tries = Number.POSITIVE_INFINITY,
  }: { readonly clock: Clock; readonly signal?: AbortSignal; readonly tries?: number },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isContention(error) || attempt >= tries) throw error
      const pauseMs = Math.min(MAX_PAUSE_MS, 100 * 2 ** Math.min(attempt, 10))
      await clock.sleep(pauseMs, signal ? { signal } : {})
    }
  }
}

const FOREIGN_KEY_TABLE = sql.id(ENGINE_SCHEMA, 'foreign_key')

/** Keeps the definitions of a live table's deployment. */
export async function saveForeignKeys(
  session: Session,
  { id, table }: { readonly id: string; readonly table: string },
  keys: ForeignKeys,
): Promise<void> {
  await session.run(sql`REPLACE INTO ${FOREIGN_KEY_TABLE} (deployment_id, table_name, definitions)
    VALUES (${id}, ${table}, ${JSON.stringify(keys)})`)
}

/** What {@link saveForeignKeys} has kept; none where there was nothing to keep. */
export async function findForeignKeys(
  session: Session,
  { id, table }: { readonly id: string; readonly table: string },
): Promise<ForeignKeys> {
  const row = await session.row(sql<{ definitions: string }>`
    SELECT definitions FROM ${FOREIGN_KEY_TABLE} WHERE deployment_id = ${id} AND table_name = ${table}`)
  // Sound: only saveForeignKeys writes this column.
  return row ? (JSON.parse(row.definitions) as ForeignKeys) : { after: [], before: [] }
}

/**
 * The foreign keys of the new form that the live table does not already enforce: other columns, or another parent. The
 * names of columns that the change renames are those of the new form.
 */
export function addedForeignKeys(
  { after, before }: ForeignKeys,
  renames: ReadonlyMap<string, string>,
): readonly ForeignKey[] {
  const newName = new Map([...renames].map(([from, to]) => [from.toLowerCase(), to.toLowerCase()]))
  const identity = (key: ForeignKey, nameOf: (column: string) => string) =>
    JSON.stringify([key.columns.map(nameOf), key.parent, key.parentColumns])
  const enforced = new Set(
    before.map((key) =>
      identity(key, (column) => newName.get(column.toLowerCase()) ?? column.toLowerCase()),
    ),
  )
  return after.filter((key) => !enforced.has(identity(key, (column) => column.toLowerCase())))
}

/** The no to a foreign key that {@link addedForeignKeys} has found: its rows could only be checked under a lock. */
export function newForeignKey(table: string, { parent }: ForeignKey): Refusal {
  return new Refusal(
    'FOREIGN_KEY',
    `The change adds a foreign key from ${table} to ${parent.name}.`,
    { next: 'Add the foreign key without Crossfade, after the other changes are deployed.' },
  )
}

/**
 * The first foreign key that changes or deletes rows of its table by itself; null where there is none. On a server that
 * does not log that, a table that is followed must have none.
 */
export function silentForeignKey(keys: readonly ForeignKey[]): ForeignKey | null {
  const unquoted = (definition: string) => definition.replace(/`(?:[^`]|``)*`/g, '')
  const acts = /\bON (?:DELETE|UPDATE) (?:CASCADE|SET)\b/i
  return keys.find(({ definition }) => acts.test(unquoted(definition))) ?? null
}

/** The no to a foreign key that {@link silentForeignKey} has found in the new form: a revert would bring back rows that are gone. */
export function silentAfter(table: string, { name, parent }: ForeignKey): Refusal {
  return new Refusal(
    'FOREIGN_KEY',
    `The change lets the foreign key ${name} from ${table} to ${parent.name} change or delete rows, and this server does not log that.`,
    { next: 'Deploy it without a revert window: the old table could not follow.' },
  )
}

/**
 * The no to a new table with a foreign key to a table that the same deployment drops: the key would follow that one to its
 * other name; null where there is none.
 */
export function childOfDropped(
  table: string,
  keys: readonly { readonly name: string; readonly parent: TableName }[],
  { schema, dropped }: { readonly schema: string; readonly dropped: readonly string[] },
): Refusal | null {
  const folded = new Set(dropped.map((name) => name.toLowerCase()))
  const found = keys.find(
    ({ parent }) => parent.schema === schema && folded.has(parent.name.toLowerCase()),
  )
  if (!found) return null
  return new Refusal(
    'FOREIGN_KEY',
    `The new table ${table} has a foreign key to ${found.parent.name}, which is dropped.`,
    { next: `Keep ${found.parent.name}, or leave the foreign key out.` },
  )
}
