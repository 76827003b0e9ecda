import { quoteName } from '../table.ts'
import { isKeyword, type Token, tokenize, withoutComments } from '../tokens.ts'
import { namesInQuery } from './query-names.ts'
import type { View } from './view.ts'
import { namesOfWith } from './view-names.ts'

/**
 * The canonical text of `view` under another name and reading other tables, by their names now; its columns keep theirs. Null
 * where something stands between a table and its alias.
 */
export function renameInView(
  { sql, name }: View,
  names: ReadonlyMap<string, string>,
): string | null {
  const tokens = withoutComments(tokenize(sql, 'CREATE VIEW'))
  const viewAt = tokens.findIndex((token) => isKeyword(token, 'VIEW'))
  const queryAt = tokens.findIndex((token, at) => at > viewAt && isKeyword(token, 'AS')) + 1
  const query = tokens.slice(queryAt)
  const own = namesOfWith(query)
  const changes: Change[] = [
    { token: tokens[viewAt + 1], text: quoteName(names.get(name) ?? name) },
  ]
  for (const { at, end, kind, parts } of namesInQuery(query, 'quoted')) {
    const to = names.get(parts[0] ?? '')
    if (kind !== 'table' || to === undefined || own.has(parts[0] ?? '')) continue
    const next = query[end]
    if (isKeyword(next, 'PARTITION', 'FOR')) return null
    const alias = next?.kind === 'quoted' ? '' : ` ${query[at]?.text}`
    changes.push({ token: query[at], text: quoteName(to) + alias })
  }
  return changes.reduceRight(
    (text, { token, text: put }) =>
      token ? text.slice(0, token.start) + put + text.slice(token.end) : text,
    sql,
  )
}

type Change = { readonly token: Token | undefined; readonly text: string }
