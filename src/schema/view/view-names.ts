import { printable } from '../place.ts'
import { isKeyword, isSymbol, type Token } from '../tokens.ts'
import { namesInQuery, type QueryName } from './query-names.ts'

/** What a view's query names, as servers write it. */
export type ViewNames = {
  /** The tables and views of its own schema, in the order of the text. */
  readonly uses: readonly string[]
  /** Indexes of the tokens that only name its own schema. */
  readonly qualifiers: ReadonlySet<number>
  /** What it needs that is no table or view of its schema, in words; null when there is nothing. */
  readonly beyond: string | null
}

/** Where the schema stands in a name, from its end. */
const SCHEMA_AT = { table: 2, call: 2, other: 3 } as const

/** The names in `tokens`, a view's query; `schemaName` is the schema that it belongs to. */
export function readNames(tokens: readonly Token[], schemaName: string | null): ViewNames {
  const own = namesOfWith(tokens)
  const names = namesInQuery(tokens, 'quoted')
  const qualified = names.filter((name) => schemaPart(name) !== null)
  const ours = qualified.filter((name) => schemaPart(name) === schemaName)
  const others = qualified.filter((name) => schemaPart(name) !== schemaName)
  const free = names.filter((name) => schemaPart(name) !== null || !own.has(lastPart(name)))
  const calls = free.filter(({ kind }) => kind === 'call')
  const beyond = [
    ...others.map((name) => `the schema ${printable(schemaPart(name) ?? '')}`),
    ...calls.map((name) => `the stored function ${printable(lastPart(name))}`),
    ...findSequence(tokens),
  ]
  return {
    uses: [...new Set(free.filter(({ kind }) => kind === 'table').map(lastPart))],
    qualifiers: new Set(ours.flatMap(({ at }) => [at, at + 1])),
    beyond: beyond[0] ?? null,
  }
}

function schemaPart({ parts, kind }: QueryName): string | null {
  return parts.at(-SCHEMA_AT[kind]) ?? null
}

function lastPart({ parts }: QueryName): string {
  return parts.at(-1) ?? ''
}

/** The names that WITH defines: `name AS (` and `name (columns) AS (`. MariaDB leaves their quotes out. */
export function namesOfWith(tokens: readonly Token[]): ReadonlySet<string> {
  return new Set([...placesOfWith(tokens)].map((at) => tokens[at]?.value ?? ''))
}

/** Where WITH defines them: the indexes of these names. */
export function placesOfWith(tokens: readonly Token[]): ReadonlySet<number> {
  const places = new Set<number>()
  for (const [at, token] of tokens.entries()) {
    if (!isKeyword(token, 'AS') || !isSymbol(tokens[at + 1], '(')) continue
    let name = at - 1
    if (isSymbol(tokens[name], ')')) {
      while (name > 0 && !isSymbol(tokens[name], '(')) name -= 1
      name -= 1
    }
    places.add(name)
  }
  return places
}

function findSequence(tokens: readonly Token[]): string[] {
  const call = tokens.some(
    (token, at) =>
      isKeyword(token, 'NEXTVAL', 'LASTVAL', 'SETVAL') && isSymbol(tokens[at + 1], '('),
  )
  return call ? ['a sequence'] : []
}
