import { isCollation } from '../diff/diff-columns.ts'
import { type Column, quoteName, type Schema, type Table } from '../table.ts'

/** What of a schema can change by itself. */
export type PartKind =
  | 'table'
  | 'view'
  | 'column'
  | 'index'
  | 'foreign_key'
  | 'check'
  | 'period'
  | 'option'
  | 'partitions'

/** Names a part of a schema; `name` is empty for a table, a view and the partitions, which have no name of their own. */
export type Part = {
  /** The table, or the view. */
  readonly table: string
  readonly kind: PartKind
  /** As it is written; parts whose names differ in upper and lower case alone are the same part. */
  readonly name: string
}

/** A part and what it is: equal texts stand for equal parts. */
export type Defined = { readonly part: Part; readonly text: string }

/** The name under which default character set and collation are one option: they are set together. */
export const COLLATION = 'DEFAULT CHARSET'

/** What a table consists of, by {@link partId}. */
export function partsOf(table: Table): ReadonlyMap<string, Defined> {
  const entry = (kind: PartKind, name: string, text: string): [string, Defined] => {
    const part = { table: table.name, kind, name }
    return [partId(part), { part, text }]
  }
  const plain = table.options.filter((option) => !isCollation(option))
  return new Map([
    ...table.columns.map((column) => entry('column', column.name, columnText(column, table))),
    ...table.keys.map(({ name, definition }) => entry('index', name, definition)),
    ...table.foreignKeys.map(({ name, definition }) => entry('foreign_key', name, definition)),
    ...table.checks.map(({ name, definition }) => entry('check', name, definition)),
    ...table.periods.map(({ name, definition }) => entry('period', name, definition)),
    ...plain.map(({ name, definition }) => entry('option', name, definition)),
    ...(collationText(table) === '' ? [] : [entry('option', COLLATION, collationText(table))]),
    ...(table.partition === null ? [] : [entry('partitions', '', table.partition)]),
  ])
}

/** Names a part within its table, however it is spelled. */
export function partId({ kind, name }: Part): string {
  return `${kind} ${name.toLowerCase()}`
}

/** What a part is in `schema`, null when it is not there: two schemas have the same of it when the texts are equal. */
export function textOf(schema: Schema, part: Part): string | null {
  const table = schema.tables.get(part.table)
  if (part.kind === 'view') return schema.views.get(part.table)?.sql ?? null
  if (part.kind === 'table') return table?.sql ?? null
  return (table && partsOf(table).get(partId(part))?.text) ?? null
}

/** Default character set and collation, as written; empty when a table names neither. */
export function collationText({ options }: Table): string {
  const written = options.filter(isCollation).map(({ definition }) => definition)
  return written.join(' ').replace(/^DEFAULT /, '')
}

/** A column with everything that it is, also what it inherits from its table. */
export function columnText(column: Column, table: Table): string {
  const inherited = column.inheritsCollation ? ` /* ${collationText(table)} */` : ''
  return `${quoteName(column.name)} ${column.definition}${inherited}`
}

const NOUN: Readonly<Record<Part['kind'], string>> = {
  table: 'table',
  view: 'view',
  column: 'column',
  index: 'index',
  foreign_key: 'foreign key',
  check: 'check',
  period: 'period',
  option: 'option',
  partitions: 'partitions',
}

/** A part of a table in words: “column `a`”, “primary key”, “partitions”. */
export function partName({ kind, name, table }: Part): string {
  if (kind === 'table' || kind === 'view') return `${NOUN[kind]} ${quoteName(table)}`
  if (kind === 'partitions') return NOUN[kind]
  if (kind === 'index' && name === 'PRIMARY') return 'primary key'
  if (kind === 'option' && name === 'DEFAULT CHARSET') return 'default character set'
  return kind === 'option' ? `option ${name}` : `${NOUN[kind]} ${quoteName(name)}`
}
