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
    const circle = circleFrom(table.name, wanted)
    // Every table of the circle would find it: the first by name tells.
    if (!circle || circle.some((name) => name < table.name)) return
    const closing = table.foreignKeys.find(({ parent }) => same(parent, circle[1] ?? ''))
    yield {
      ...(closing ? { key: closing.name } : {}),
      message: `The foreign keys of ${listed(circle.map((name) => named(name)))} go round in a circle, so none of the tables can be filled or dropped first.`,
    }
  },
}

/** A shortest way along foreign keys from a table back to it, through at least one other; null for none. */
function circleFrom(start: string, wanted: Schema): readonly string[] | null {
  const seen = new Set([start])
  let ways: readonly (readonly string[])[] = [[start]]
  while (ways.length > 0) {
    const longer = ways.flatMap((way) =>
      parentsOf(way.at(-1) ?? start, wanted).map((parent) => [...way, parent]),
    )
    // A table that refers to itself is no circle of several.
    const closed = longer.find((way) => way.length > 2 && way.at(-1) === start)
    if (closed) return closed.slice(0, -1)
    ways = longer.filter((way) => isNew(way.at(-1) ?? start, seen))
  }
  return null
}

function isNew(name: string, seen: Set<string>): boolean {
  if (seen.has(name)) return false
  seen.add(name)
  return true
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
