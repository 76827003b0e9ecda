import { parseColumn, parseForeignKey, parseKey, plainNamed, unreadable } from './parse-item.ts'
import { edited } from './spelling/edit.ts'
import { type CreateTableTokens, spellingEdits } from './spelling/spelling.ts'
import {
  type Check,
  type Column,
  type ForeignKey,
  type Key,
  type KeyKind,
  type Period,
  quoteName,
  type Schema,
  type Table,
  type TableOption,
  type Unmanaged,
} from './table.ts'
import {
  isKeyword,
  isSymbol,
  sliceOf,
  splitList,
  type Token,
  tokenize,
  withoutComments,
} from './tokens.ts'
import { isViewSql, parseView, type View } from './view/view.ts'

/**
 * Reads a table from what `SHOW CREATE TABLE` says, in the spelling of MySQL or MariaDB, or from `Table.sql`.
 * It is no parser for what people write: `canonical.ts` lets a server turn that into its own spelling first.
 *
 * @throws {Refusal} SQL_SYNTAX when the text is nothing that a server writes.
 */
export function parseTable(sql: string): Table {
  const known = KNOWN.get(sql)?.deref()
  if (known) return known
  const table = readTable(sql)
  KNOWN.set(sql, new WeakRef(table))
  FORGOTTEN.register(table, sql)
  return table
}

/**
 * The tables that somebody holds, by their text. Most tables of a comparison are the same on both sides: they are read and
 * held once, which halves time and memory of two schemas with 2,000 tables each (test/bench/schema.ts).
 */
const KNOWN = new Map<string, WeakRef<Table>>()
const FORGOTTEN = new FinalizationRegistry<string>((sql) => void KNOWN.delete(sql))

function readTable(sql: string): Table {
  const written = unwrapExecutable(sql)
  const taken = takeApart(written)
  const edits = spellingEdits(taken, written)
  const text = edited(written, edits)
  const { name, items, tail, partition } = edits.length === 0 ? taken : takeApart(text)
  const options = parseOptions(text, tail)
  const collation = options.find((option) => option.name === 'COLLATE')?.value ?? null
  return withSql({
    name,
    ...parseItems(text, items, collation),
    options,
    partition: partition.length === 0 ? null : sliceOf(text, partition),
  })
}

function takeApart(text: string): CreateTableTokens & { readonly name: string } {
  const tokens = withoutComments(tokenize(text, 'CREATE TABLE'))
  const nameToken = tokens[2]
  const starts = isKeyword(tokens[0], 'CREATE') && isKeyword(tokens[1], 'TABLE')
  if (!starts || nameToken?.kind !== 'quoted' || !isSymbol(tokens[3], '(')) {
    throw unreadable(text, nameToken ?? tokens[0])
  }
  const { items, end } = splitList(tokens, 3)
  const rest = tokens.slice(end + 1)
  const found = rest.findIndex(
    (token, at) => isKeyword(token, 'PARTITION') && isKeyword(rest[at + 1], 'BY'),
  )
  const start = found === -1 ? rest.length : found
  return {
    name: nameToken.value,
    items,
    tail: rest.slice(0, start),
    partition: rest.slice(start),
  }
}

/** `table` with the canonical text of its parts; for a table that was derived from another one. */
export function withSql(parts: Omit<Table, 'sql'>): Table {
  const items = [
    ...parts.columns.map(({ name, definition }) => `${quoteName(name)} ${definition}`),
    ...parts.periods.map(({ definition }) => definition),
    ...parts.keys.map(({ definition }) => definition),
    ...parts.foreignKeys.map(({ definition }) => definition),
    ...parts.checks.map(({ definition }) => definition),
  ]
  const options = parts.options.map(({ definition }) => ` ${definition}`).join('')
  const partition = parts.partition === null ? '' : `\n${parts.partition}`
  const sql = `CREATE TABLE ${quoteName(parts.name)} (\n  ${items.join(',\n  ')}\n)${options}${partition}`
  return { ...parts, sql }
}

/** A schema from the canonical texts of its tables and views, as `schemaToSql` gave them. */
export function schemaFromSql(definitions: Readonly<Record<string, string>>): Schema {
  const texts = Object.values(definitions)
  return schemaOf(
    texts.filter((text) => !isViewSql(text)).map(parseTable),
    texts.filter(isViewSql).map(parseView),
  )
}

/** Name → canonical text, tables before views, in the order of the names: the form in which a schema travels. */
export function schemaToSql({ tables, views }: Schema): Record<string, string> {
  return Object.fromEntries(
    [...tables.values(), ...views.values()].map(({ name, sql }) => [name, sql]),
  )
}

/** A schema of these tables and views, in the order of their names. */
export function schemaOf(
  tables: readonly Table[],
  views: readonly View[] = [],
  unmanaged: readonly Unmanaged[] = [],
): Schema {
  return { tables: inOrder(tables), views: inOrder(views), unmanaged }
}

function inOrder<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  const sorted = items.toSorted((a, b) => compareNames(a.name, b.name))
  return new Map(sorted.map((item) => [item.name, item]))
}

/** Order by code units: the same on every machine, whatever its locale. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** What the servers write as executable comments (partitions, invisible columns) is part of the table. */
function unwrapExecutable(sql: string): string {
  if (!sql.includes('/*')) return sql
  let text = ''
  let at = 0
  for (const token of tokenize(sql, 'CREATE TABLE')) {
    if (token.kind !== 'executable_comment') continue
    text += sql.slice(at, token.start) + token.value.trim()
    at = token.end
  }
  return text + sql.slice(at)
}

type Items = Pick<Table, 'columns' | 'keys' | 'foreignKeys' | 'checks' | 'periods'>

function parseItems(
  text: string,
  items: readonly (readonly Token[])[],
  collation: string | null,
): Items {
  const columns: Column[] = []
  const keys: Key[] = []
  const foreignKeys: ForeignKey[] = []
  const checks: Check[] = []
  const periods: Period[] = []
  for (const item of items) {
    const [first, second, third] = item
    const definition = sliceOf(text, item)
    const kind = kindOf(item)
    switch (kind) {
      case 'column':
        columns.push(parseColumn(text, item, collation))
        break
      case 'foreign_key':
        foreignKeys.push(parseForeignKey(text, item))
        break
      case 'check':
        checks.push(plainNamed(second?.value ?? '', definition))
        break
      case 'period':
        periods.push({ name: third?.kind === 'quoted' ? third.value : '', definition })
        break
      case null:
        throw unreadable(text, first)
      default:
        keys.push(parseKey(text, item, kind))
    }
  }
  return {
    columns,
    keys: keys.toSorted(compareKeys),
    foreignKeys: foreignKeys.toSorted((a, b) => compareNames(a.name, b.name)),
    checks: checks.toSorted((a, b) => compareNames(a.name, b.name)),
    periods,
  }
}

type ItemKind = KeyKind | 'column' | 'foreign_key' | 'check' | 'period'

const FIRST_WORDS: Readonly<Record<string, ItemKind>> = {
  PRIMARY: 'primary',
  UNIQUE: 'unique',
  KEY: 'plain',
  FULLTEXT: 'fulltext',
  SPATIAL: 'spatial',
  VECTOR: 'vector',
  PERIOD: 'period',
}

function kindOf([first, , third]: readonly Token[]): ItemKind | null {
  if (first?.kind === 'quoted') return 'column'
  if (isKeyword(first, 'CONSTRAINT')) {
    if (isKeyword(third, 'FOREIGN')) return 'foreign_key'
    return isKeyword(third, 'CHECK') ? 'check' : null
  }
  return first?.kind === 'word' ? (FIRST_WORDS[first.text.toUpperCase()] ?? null) : null
}

const KEY_ORDER: readonly KeyKind[] = [
  'primary',
  'unique',
  'plain',
  'fulltext',
  'spatial',
  'vector',
]

function compareKeys(a: Key, b: Key): number {
  const byKind = KEY_ORDER.indexOf(a.kind) - KEY_ORDER.indexOf(b.kind)
  return byKind === 0 ? compareNames(a.name, b.name) : byKind
}

/** `NAME=value` repeated, and the two that have no equals sign. */
function parseOptions(text: string, tokens: readonly Token[]): TableOption[] {
  const options: TableOption[] = []
  let at = 0
  while (at < tokens.length) {
    const end = endOfOption(text, tokens, at)
    const option = tokens.slice(at, end)
    const names = option.slice(
      0,
      option.findIndex((token) => isSymbol(token, '=')),
    )
    const definition = sliceOf(text, option)
    const name = isKeyword(option[0], 'WITH') ? 'SYSTEM VERSIONING' : optionName(names)
    const value = option.at(-1)?.value ?? ''
    if (name !== 'AUTO_INCREMENT') options.push({ name, value, definition })
    at = end
  }
  return options
}

function optionName(names: readonly Token[]): string {
  return names.map(({ kind, text }) => (kind === 'quoted' ? text : text.toUpperCase())).join(' ')
}

function endOfOption(text: string, tokens: readonly Token[], from: number): number {
  if (isKeyword(tokens[from], 'WITH')) return from + 3
  if (isKeyword(tokens[from], 'TABLESPACE') && !isSymbol(tokens[from + 1], '=')) return from + 2
  const equals = tokens.findIndex((token, at) => at > from && isSymbol(token, '='))
  if (equals === -1) throw unreadable(text, tokens[from])
  return isSymbol(tokens[equals + 1], '(') ? splitList(tokens, equals + 1).end + 1 : equals + 2
}
