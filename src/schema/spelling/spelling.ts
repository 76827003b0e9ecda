import { quoteName } from '../table.ts'
import { isKeyword, isSymbol, type Token } from '../tokens.ts'
import { collationEdits, tableCollation } from './collation.ts'
import { columnEdits, parenthesesEdits } from './column.ts'
import { type Edit, insertBefore, replace } from './edit.ts'

/** The tokens of a canonical `CREATE TABLE`: what stands between its commas, its options, and from PARTITION BY on. */
export type CreateTableTokens = {
  readonly items: readonly (readonly Token[])[]
  readonly tail: readonly Token[]
  readonly partition: readonly Token[]
}

/**
 * What the servers write in different ways and mean alike is written in one way here, one that all of them take. So a
 * schema is the same value wherever it was read, and what is made of it runs wherever it is deployed:
 *
 * - `int(11)` is `int`: a width is kept where somebody chose it, and where it counts (`tinyint(1)`, ZEROFILL).
 * - `utf8` is `utf8mb3`. A character set always has its collation beside it.
 * - A `longtext` that MariaDB checks with json_valid() is `json`.
 * - Defaults: numbers in quotes; `CURRENT_TIMESTAMP`; expressions in one pair of parentheses; no DEFAULT NULL for types that
 *   MySQL writes none for.
 * - Generated columns and CHECKs: one pair of parentheses.
 * - Literals in expressions: nothing of the character set of the session that wrote them, where it makes no difference.
 * - Partitions: names in backticks, one space between words.
 *
 * Expressions are otherwise left as they are: only a server knows which of them mean the same.
 */
export function spellingEdits(
  { items, tail, partition }: CreateTableTokens,
  text: string,
): readonly Edit[] {
  const collation = tableCollation(tail)
  const columns = items.filter(([name]) => name?.kind === 'quoted')
  const names = new Set(columns.map(([name]) => name?.value.toLowerCase() ?? ''))
  return [
    ...collationEdits(tail),
    ...items.flatMap((item) => [...itemEdits(item, collation), ...literalEdits(item)]),
    ...partition.flatMap((token, at) => [
      ...partitionNameEdits(partition, token, at, names),
      ...partitionGapEdits(partition[at - 1], token, text),
    ]),
  ]
}

function itemEdits(item: readonly Token[], collation: string | null): Edit[] {
  const [first] = item
  if (first?.kind === 'quoted') return columnEdits(item, collation)
  return isKeyword(first, 'CONSTRAINT') && isKeyword(item[2], 'CHECK')
    ? parenthesesEdits(item, 3)
    : []
}

/** Of these character sets, one reads a text of ASCII alone as the others do. */
const INTRODUCERS = ['_UTF8MB4', '_UTF8MB3', '_UTF8', '_LATIN1', '_ASCII'] as const

/** MySQL writes `_latin1'x'` for what a session with that character set gave it as `'x'`. */
function literalEdits(item: readonly Token[]): Edit[] {
  return item.flatMap((token, at) => {
    const text = item[at + 1]
    const introduces = isKeyword(token, ...INTRODUCERS) && text?.kind === 'string'
    return introduces && /^[\x20-\x7e]*$/.test(text.value) ? [replace(token, '')] : []
  })
}

/** Older servers write the names of partitions and columns without backticks. */
function partitionNameEdits(
  tokens: readonly Token[],
  token: Token,
  at: number,
  columns: ReadonlySet<string>,
): Edit[] {
  if (token.kind !== 'word') return []
  const follows = isKeyword(tokens[at - 1], 'PARTITION', 'SUBPARTITION')
  const isPartition = follows && !isKeyword(token, 'BY')
  const isColumn = columns.has(token.value.toLowerCase()) && !isSymbol(tokens[at + 1], '(')
  return isPartition || isColumn ? [replace(token, quoteName(token.value))] : []
}

/** Two spaces before COLUMNS, and none after it. */
function partitionGapEdits(previous: Token | undefined, token: Token, text: string): Edit[] {
  if (!previous) return []
  const gap = text.slice(previous.end, token.start)
  if (/^ {2,}$/.test(gap)) return [{ start: previous.end, end: token.start, text: ' ' }]
  const isList = isKeyword(previous, 'COLUMNS', 'KEY') && isSymbol(token, '(')
  return isList && gap === '' ? [insertBefore(token, ' ')] : []
}
