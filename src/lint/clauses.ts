import type { Clause } from '../schema/diff/clause.ts'
import type { TableChange } from '../schema/diff/diff.ts'

type ClauseOf<K extends Clause['kind'], C = Clause> = C extends { readonly kind: infer Kinds }
  ? [K & Kinds] extends [never]
    ? never
    : C
  : never

/** The clauses of these kinds; none for tables that are created or dropped. */
export function clausesOf<K extends Clause['kind']>(
  change: TableChange,
  ...kinds: readonly K[]
): readonly ClauseOf<K>[] {
  if (change.kind !== 'alter') return []
  // Sound: a clause's kind is one of `kinds`.
  return change.clauses.filter(({ kind }) =>
    kinds.some((wanted) => wanted === kind),
  ) as ClauseOf<K>[]
}
