import { isKeyword, isSymbol, type Token, tokenize } from '../schema/tokens.ts'
import { namesInQuery, type QueryName } from '../schema/view/query-names.ts'
import type { View } from '../schema/view/view.ts'
import { namesOfWith } from '../schema/view/view-names.ts'

/** A column as a view's query names it: of one of these tables, because a name may mean several in one query. */
export type ColumnRead = { readonly tables: readonly string[]; readonly column: string }

/**
 * The columns that a view reads of what stands in its FROM, as the server writes it: every column with its table, or the
 * name that the query gives the table. What belongs to a subquery or to WITH is left out.
 */
export function columnsRead({ sql }: View): readonly ColumnRead[] {
  const tokens = tokenize(sql, 'CREATE VIEW')
  const query = tokens.slice(tokens.findIndex((token) => isKeyword(token, 'AS')) + 1)
  const names = namesInQuery(query, 'quoted')
  const tables = tablesByName(query, names)
  for (const name of [...namesOfWith(query), ...derivedTables(query)]) tables.delete(name)
  return names.flatMap(({ kind, parts: [qualifier = '', column, ...more] }) => {
    const meant = tables.get(qualifier)
    if (kind !== 'other' || column === undefined || more.length > 0 || !meant) return []
    return [{ tables: [...meant], column }]
  })
}

function tablesByName(
  query: readonly Token[],
  names: readonly QueryName[],
): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>()
  for (const { kind, parts, end } of names) {
    if (kind !== 'table') continue
    const table = parts.at(-1) ?? ''
    const next = query[end]
    const name = next?.kind === 'quoted' ? next.value : table
    tables.set(name, (tables.get(name) ?? new Set()).add(table))
  }
  return tables
}

/** A name right after a parenthesis is that of a subquery, or of JSON_TABLE. */
function derivedTables(query: readonly Token[]): readonly string[] {
  return query.flatMap((token, at) =>
    token.kind === 'quoted' && isSymbol(query[at - 1], ')') ? [token.value] : [],
  )
}
