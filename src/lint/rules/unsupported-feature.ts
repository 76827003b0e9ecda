import type { Table } from '../../schema/table.ts'
import { isKeyword, tokenize } from '../../schema/tokens.ts'
import { named, type Rule } from '../rule.ts'

export const unsupportedFeature: Rule = {
  id: 'unsupported-feature',
  level: 'warning',
  about: 'table',
  summary: 'A table has something that Crossfade can create, but not change later.',
  why: 'A table WITH SYSTEM VERSIONING also holds the rows of the past, which a copy of its present rows would lose; and rows under a key WITHOUT OVERLAPS cannot be followed one by one. A change of such a table is refused (`TABLE_UNSUPPORTED`).',
  fix: 'Keep the history in a table of its own that the application writes, or plan for changing this table without Crossfade.',
  *check(table) {
    const feature = featureOf(table)
    if (feature === null) return
    yield {
      message: `The table ${named(table.name)} has ${feature}, so Crossfade cannot change it once it is there.`,
    }
  },
}

/** In the words of docs/operations.md. */
function featureOf({ options, keys }: Table): string | null {
  if (options.some(({ name }) => name === 'SYSTEM VERSIONING')) return 'SYSTEM VERSIONING'
  return keys.some(({ definition }) => hasPeriod(definition)) ? 'a key WITHOUT OVERLAPS' : null
}

function hasPeriod(definition: string): boolean {
  if (!/overlaps/i.test(definition)) return false
  return tokenize(definition).some((token) => isKeyword(token, 'OVERLAPS'))
}
