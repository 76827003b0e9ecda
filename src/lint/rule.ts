import type { TableChange } from '../schema/diff/diff.ts'
import type { Outline } from '../schema/file/outline.ts'
import { type Place, printable } from '../schema/place.ts'
import { quoteName, type Schema, type Table } from '../schema/table.ts'
import type { View } from '../schema/view/view.ts'

/** How loud a rule is. An error fails the check, a warning wants to be read, an info is good to know. */
export const LEVELS = ['off', 'info', 'warning', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** What a check found: a rule adds who it is, `lint.ts` where it stands. */
export type Problem = {
  /** What is the case and what follows, with names; one or two sentences. */
  readonly message: string
  /** What to do here, where that is more than the rule says in general. */
  readonly fix?: string
  readonly column?: string
  /** The name of a key, a foreign key or a CHECK. */
  readonly key?: string
}

/** What a check of one table may look at besides that table. */
export type Surroundings = {
  readonly wanted: Schema
  /** How the file defines the table; null for one that comes from a database. Reads the file again. */
  readonly outline: () => Outline | null
}

/** What a check of one change may look at besides that change. */
export type Sides = { readonly from: Schema; readonly wanted: Schema }

/** Texts for somebody who has never run a migration; docs/lint.md is made of them. */
type RuleText = {
  /** Stable for ever: it stands in config files and comments. */
  readonly id: string
  readonly level: Level
  /** One sentence: what the rule points out. */
  readonly summary: string
  readonly why: string
  readonly fix: string
}

/** A rule looks at each wanted table or view as it is, at each change of a table, or at our comments in the files. */
export type Rule = RuleText &
  (
    | {
        readonly about: 'table'
        readonly check: (table: Table, around: Surroundings) => Iterable<Problem>
      }
    | {
        readonly about: 'change'
        readonly check: (change: TableChange, sides: Sides) => Iterable<Problem>
      }
    | {
        readonly about: 'view'
        readonly check: (view: View, wanted: Schema) => Iterable<Problem>
      }
    | { readonly about: 'comment' }
  )

/** Something a rule found, complete for whoever shows it. No text in it holds a control character. */
export type Finding = {
  readonly rule: string
  readonly level: Exclude<Level, 'off'>
  /** The name of a table, or of a view. */
  readonly table: string
  readonly column: string | null
  readonly key: string | null
  readonly message: string
  readonly fix: string
  /** Where the wanted schema says it; null when no file does. */
  readonly place: Place | null
  /** The rule's documentation, from the root of the product's repository. */
  readonly docs: string
}

/** A name as messages show it: in backticks, with what is invisible made visible. */
export function named(...path: readonly string[]): string {
  return path.map((name) => quoteName(printable(name))).join('.')
}

/** `a`, `a and b`, `a, b and c`; more than `most` are counted. */
export function listed(items: readonly string[], most = 5): string {
  const shown = items.slice(0, most)
  const left = items.length - shown.length
  const all = left > 0 ? [...shown, `${left} more`] : shown
  if (all.length < 2) return all.join('')
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}
