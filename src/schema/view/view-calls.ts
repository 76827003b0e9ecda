import { refusalAt } from '../place.ts'
import type { Unmanaged } from '../table.ts'
import { isKeyword, tokenize, withoutComments } from '../tokens.ts'
import { namesInQuery } from './query-names.ts'
import type { View } from './view.ts'
import { placesOfWith } from './view-names.ts'

/**
 * A server prints a call of a stored function with its name in quotes, and a native one without: what only looks like a
 * server's text could call a stored function as if it were native. So each call is compared with those that are there.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED with the view as the file.
 */
export function requireNoStoredCall({ name, sql }: View, there: readonly Unmanaged[]): void {
  const stored = new Set(
    there.flatMap(({ kind, name: routine }) => (kind === 'function' ? routine.toLowerCase() : [])),
  )
  if (stored.size === 0) return
  const tokens = withoutComments(tokenize(sql, name))
  const query = tokens.slice(tokens.findIndex((token) => isKeyword(token, 'AS')) + 1)
  const own = placesOfWith(query)
  const call = namesInQuery(query, 'quoted and words').find(
    ({ kind, at, parts }) =>
      kind === 'call' && !own.has(at) && stored.has((parts.at(-1) ?? '').toLowerCase()),
  )
  if (!call) return
  const source = { text: sql, file: name, offset: query[call.at]?.start ?? 0 }
  const next = 'Write out what the function computes.'
  throw refusalAt('SQL_NOT_ALLOWED', 'a call of a stored function is not allowed', source, next)
}
