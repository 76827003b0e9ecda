import type { Place } from '../place.ts'
import { isKeyword, isSymbol, splitList, type Token, tokenize, withoutComments } from '../tokens.ts'
import type { CreateTable } from './allow-list.ts'

/** Where in its file a table and its parts are defined. Names of parts are in lower case. */
export type Outline = {
  readonly place: Place
  readonly columns: ReadonlyMap<string, Place>
  /** Keys, foreign keys and CHECKs that the file names. */
  readonly keys: ReadonlyMap<string, Place>
  /** Columns that have REFERENCES in their own definition; some servers read over it. */
  readonly referring: ReadonlySet<string>
}

/** The outline of a table as the file writes it, in whatever spelling. */
export function outlineOf(table: CreateTable): Outline {
  const tokens = withoutComments(tokenize(table.statement, table.file))
  const open = tokens.findIndex((token) => isSymbol(token, '('))
  const items = open === -1 ? [] : splitList(tokens, open).items
  const columns = items.filter(isColumn)
  const nameOfColumn = ([name]: readonly Token[]) => (name?.value ?? '').toLowerCase()
  return {
    place: placeOf(tokens[0], table),
    columns: new Map(columns.map((item) => [nameOfColumn(item), placeOf(item[0], table)])),
    keys: new Map(
      items.flatMap((item) => {
        const name = isColumn(item) ? null : nameOf(item)
        return name === null ? [] : [[name.toLowerCase(), placeOf(item[0], table)] as const]
      }),
    ),
    referring: new Set(
      columns
        .filter((item) => item.some((token) => isKeyword(token, 'REFERENCES')))
        .map(nameOfColumn),
    ),
  }
}

/** The statement begins at `line` and `column` of its file, so its first line is shifted. */
function placeOf(token: Token | undefined, { file, line, column }: CreateTable): Place {
  if (!token) return { file, line, column }
  const shift = token.line === 1 ? column - 1 : 0
  return { file, line: line + token.line - 1, column: token.column + shift }
}

const RESERVED_STARTS = [
  'CONSTRAINT',
  'PRIMARY',
  'UNIQUE',
  'KEY',
  'INDEX',
  'FULLTEXT',
  'SPATIAL',
  'FOREIGN',
  'CHECK',
]

/** These two words may also be the name of a column. */
const STARTS_BY_FOLLOWER: Readonly<Record<string, readonly string[]>> = {
  PERIOD: ['FOR'],
  VECTOR: ['KEY', 'INDEX'],
}

function isColumn([first, second]: readonly Token[]): boolean {
  if (isKeyword(first, ...RESERVED_STARTS)) return false
  if (first?.kind !== 'word') return first?.kind === 'quoted'
  const followers = STARTS_BY_FOLLOWER[first.text.toUpperCase()]
  return !followers || !isKeyword(second, ...followers)
}

/** The name that stands before the parenthesis: `CONSTRAINT c CHECK (`, `UNIQUE KEY k (`, `KEY k USING BTREE (`. */
function nameOf(item: readonly Token[]): string | null {
  const open = item.findIndex((token) => isSymbol(token, '('))
  const head = item.slice(0, open === -1 ? item.length : open)
  const using = head.findIndex((token) => isKeyword(token, 'USING'))
  const names = (using === -1 ? head : head.slice(0, using)).filter(
    (token) =>
      token.kind === 'quoted' || (token.kind === 'word' && !isKeyword(token, ...HEAD_WORDS)),
  )
  if (head.some((token) => isKeyword(token, 'PRIMARY'))) return 'PRIMARY'
  return names[0]?.value ?? null
}

const HEAD_WORDS = [...RESERVED_STARTS, 'VECTOR', 'PERIOD', 'FOR']
