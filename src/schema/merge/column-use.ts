import type { Column, Key, Table } from '../table.ts'
import { isKeyword, type Token, tokenize } from '../tokens.ts'
import { type Defined, partId } from './part.ts'

/** Whether a part of `table` computes with, indexes, checks or points from the column: it would not stand without it. */
export function usesColumn(table: Table, { part, text }: Defined, column: string): boolean {
  const name = column.toLowerCase()
  switch (part.kind) {
    case 'column':
      return part.name.toLowerCase() !== name && namesIn(tokenize(text)).has(name)
    case 'index':
      return indexOf(table, part.name)?.parts.some((one) => partUses(one, name)) ?? false
    case 'foreign_key':
      return namesIn(before(tokenize(text), 'REFERENCES').slice(2)).has(name)
    case 'check':
      return namesIn(tokenize(text).slice(2)).has(name)
    case 'period':
      return namesIn(tokenize(text)).has(name)
    case 'partitions':
      return wordsIn(tokenize(text)).has(name)
    default:
      return false
  }
}

/** The names in backticks, in lower case: in a canonical definition every name is written so. */
function namesIn(tokens: readonly Token[]): ReadonlySet<string> {
  return new Set(
    tokens.filter(({ kind }) => kind === 'quoted').map(({ value }) => value.toLowerCase()),
  )
}

/** Partitions name columns without backticks, too. */
function wordsIn(tokens: readonly Token[]): ReadonlySet<string> {
  const names = tokens.filter(({ kind }) => kind === 'quoted' || kind === 'word')
  return new Set(names.map(({ value }) => value.toLowerCase()))
}

function before(tokens: readonly Token[], keyword: string): readonly Token[] {
  const at = tokens.findIndex((token) => isKeyword(token, keyword))
  return at === -1 ? tokens : tokens.slice(0, at)
}

function partUses(part: Key['parts'][number], name: string): boolean {
  return part.kind === 'column'
    ? part.column.toLowerCase() === name
    : namesIn(tokenize(part.expression)).has(name)
}

/** The index with this name, however it is spelled. */
export function indexOf({ keys }: Table, name: string): Key | null {
  return keys.find((key) => key.name.toLowerCase() === name.toLowerCase()) ?? null
}

/** The column with this name, however it is spelled. */
export function columnOf({ columns }: Table, name: string): Column | null {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase()) ?? null
}

/** What others can tell of a column that they use: equal for columns that differ in comment or default only. */
export function shapeOf(column: Column, table: Table, text: string): string {
  if (column.generated !== null) return text
  const rest = column.definition.slice(column.type.length)
  return JSON.stringify([
    column.type,
    charsetOf(column, table),
    column.nullable,
    column.autoIncrement,
    / SRID \d+/.exec(rest)?.[0] ?? null,
  ])
}

/** The character set and collation of a text column, as written there or at its table; empty for what is no text. */
export function charsetOf(column: Column, { options }: Table): string {
  const rest = column.definition.slice(column.type.length)
  const own = /^(?: CHARACTER SET \w+)?(?: COLLATE \w+)?/.exec(rest)?.[0] ?? ''
  if (!column.inheritsCollation) return own
  const inherited = options.filter(({ name }) => name === 'DEFAULT CHARSET' || name === 'COLLATE')
  return inherited.map(({ name, value }) => `${name}=${value}`).join(' ')
}

/** As many bytes as InnoDB takes in an index, with the row formats that are the default. */
const LONGEST_INDEX = 3072
/** With ROW_FORMAT=COMPACT and REDUNDANT. */
const LONGEST_OLD_INDEX = 767

/**
 * Whether it is certain that `key` of `table` can hold `column`, that another side has made something else: a plain
 * column of a type that needs no prefix, in an index that is short enough whatever the character set.
 */
export function canIndex(table: Table, key: Key, column: Column): boolean {
  if (!['primary', 'unique', 'plain'].includes(key.kind) || column.generated !== null) return false
  if (key.kind === 'primary' && column.nullable) return false
  const bytes = key.parts.map((part) => bytesOf(table, part, column)).reduce((a, b) => a + b, 0)
  const isOld = table.options.some(({ value }) => /^(?:COMPACT|REDUNDANT)$/i.test(value))
  return bytes <= (isOld ? LONGEST_OLD_INDEX : LONGEST_INDEX)
}

/** The most bytes of a part, without an end when nothing can be said of it; `column` is what stands for its name. */
function bytesOf(table: Table, part: Key['parts'][number], column: Column): number {
  if (part.kind !== 'column') return Number.POSITIVE_INFINITY
  const isIt = part.column.toLowerCase() === column.name.toLowerCase()
  if (part.length !== null) return isIt ? Number.POSITIVE_INFINITY : part.length * 4
  const type = isIt ? column.type : columnOf(table, part.column)?.type
  return type === undefined ? Number.POSITIVE_INFINITY : mostBytes(type)
}

/** The most bytes that a value takes; without an end for types that no index holds as they are. */
function mostBytes(type: string): number {
  const [, name = '', length] = /^(\w+)(?:\((\d+))?/.exec(type.toLowerCase()) ?? []
  if (/^(?:var)?char$/.test(name)) return Number(length ?? 1) * 4
  if (/^(?:var)?binary$/.test(name)) return Number(length ?? 1)
  return SHORT.test(name) ? 16 : Number.POSITIVE_INFINITY
}

const SHORT =
  /^(?:(?:tiny|small|medium|big)?int|decimal|float|double|date|time|datetime|timestamp|year|bit|enum|set|uuid|inet[46])$/

/** The id of a column as a part. */
export function columnId(name: string): string {
  return partId({ table: '', kind: 'column', name })
}
