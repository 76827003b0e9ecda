import type { Schema } from '../../schema/table.ts'
import { listed, named, type Rule } from '../rule.ts'
import { findTable } from '../tables.ts'

export const foreignKeysCircular: Rule = {
  id: 'foreign-keys-circular',
  level: 'warning',
  about: 'table',
  summary: 'Foreign keys of several tables go round in a circle.',
  why: 'There is no order in which these tables could be made, filled, emptied or dropped one after the other without switching the checks of foreign keys off. A backup that is played back and a test that loads its data meet that first.',
  fix: 'Take one foreign key of the circle away, most often that of the newer or optional reference.',
  *check(table, { wanted }) {
    // Every table of the circle would find it: the first by name tells.
    const circle = circleFrom(table.name, wanted)
    if (!circle) return
    const closing = table.foreignKeys.find(({ parent }) => same(parent, circle[1] ?? ''))
    yield {
      ...(closing ? { key: closing.name } : {}),
      message: `The foreign keys of ${listed(circle.map((name) => named(name)))} go round in a circle, so none of the tables can be filled or dropped first.`,
    }
  },
}

/** How many foreign keys are followed from one table on: a schema of thousands of tables is no reason to wait. */
const MOST_STEPS = 2_000

/**
 * A shortest way along foreign keys from a table back to it, through at least one other and none that stands before it by
 * name; null for none, or one that is too far to be found.
 */
function circleFrom(start: string, wanted: Schema): readonly string[] | null {
  const reachedFrom = new Map<string, string | null>([[start, null]])
  let steps = 0
  // A Map goes on with what is added while it is walked through.
  for (const [name] of reachedFrom) {
    const parents = parentsOf(name, wanted)
    // A table that refers to itself is no circle of several.
    if (name !== start && parents.includes(start)) return wayTo(name, reachedFrom)
    steps += parents.length
    if (steps > MOST_STEPS) return null
    for (const parent of parents.filter((to) => to > start && !reachedFrom.has(to))) {
      reachedFrom.set(parent, name)
    }
  }
  return null
}

function wayTo(end: string, reachedFrom: ReadonlyMap<string, string | null>): readonly string[] {
  const way: string[] = []
  for (let at: string | null = end; at !== null; at = reachedFrom.get(at) ?? null) way.push(at)
  return way.reverse()
}

function parentsOf(name: string, wanted: Schema): readonly string[] {
  const foreignKeys = wanted.tables.get(name)?.foreignKeys ?? []
  return foreignKeys
    .filter(({ parentSchema }) => parentSchema === null)
    .flatMap(({ parent }) => findTable(wanted, parent)?.name ?? [])
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
