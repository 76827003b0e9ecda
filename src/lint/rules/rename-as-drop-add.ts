import { type TableChange, tableOf } from '../../schema/diff/diff.ts'
import type { Column, Schema, Table } from '../../schema/table.ts'
import { clausesOf } from '../clauses.ts'
import { findColumn } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

const STEPS =
  'Go in steps that can each be taken back. 1. Add the new one and keep the old one. 2. Let the code write both. 3. Copy the old values. 4. Let the code read the new one. 5. Drop the old one in a later deploy request.'

export const renameAsDropAdd: Rule = {
  id: 'rename-as-drop-add',
  level: 'warning',
  about: 'change',
  summary:
    'A column or table goes and one just like it comes: probably it was meant to be renamed.',
  why: 'From the files nobody can tell a new name from one thing dropped and another one added, so nothing is guessed: the new column or table begins empty, and the values under the old name go. A comment can say that it is a rename. Then the values stay, but the running code knows only one of the two names: with a rename it fails from the cutover until its next version runs.',
  fix: `${STEPS} Or, for a column: if the running code can do without it for a while, make it a rename that keeps the values with \`-- crossfade:renamed-from old_name\` on the line of the new column.`,
  *check(change, { from, wanted }) {
    yield* renamedColumns(change)
    if (change.kind !== 'drop') return
    const twin = twinOf(change.from, { from, wanted })
    if (!twin) return
    yield {
      message: `The table ${named(change.from.name)} goes and ${named(twin.name)}, with the same columns, comes without its rows.`,
      fix: STEPS,
    }
  },
}

function* renamedColumns(change: TableChange) {
  if (change.kind !== 'alter') return
  const gone = clausesOf(change, 'drop_column').filter(
    ({ column }) => column.generated === null && !findColumn(change.to, column.name),
  )
  const free = clausesOf(change, 'add_column')
    .map(({ column }) => column)
    .filter((column) => column.generated === null && !findColumn(change.from, column.name))
  for (const { column } of gone) {
    const at = bestOf(column, free)
    const [twin] = at === -1 ? [] : free.splice(at, 1)
    if (!twin) continue
    const table = tableOf(change)
    yield {
      column: twin.name,
      message: `The column ${named(table, column.name)} goes and ${named(table, twin.name)}, of the same type, comes without its values.`,
      fix: `${STEPS} Or, if the running code can do without the column for a while, make it a rename that keeps the values: write \`-- crossfade:renamed-from ${hintName(column.name)}\` on the line of the new column.`,
    }
  }
}

/** As a hint takes it, in the one line that a comment has. */
function hintName(name: string): string {
  return /^[\w$]+$/.test(name) ? name : named(name)
}

/** One that is defined alike before one that only has the same type. */
function bestOf({ definition, type }: Column, candidates: readonly Column[]): number {
  const alike = candidates.findIndex((candidate) => candidate.definition === definition)
  return alike === -1 ? candidates.findIndex((candidate) => candidate.type === type) : alike
}

function twinOf(
  gone: Table,
  sides: { readonly from: Schema; readonly wanted: Schema },
): Table | null {
  const columns = columnsText(gone)
  const created = [...sides.wanted.tables.values()].filter(
    ({ name }) => !sides.from.tables.has(name),
  )
  return created.find((table) => columnsText(table) === columns) ?? null
}

function columnsText({ columns }: Table): string {
  return JSON.stringify(columns.map(({ name, type }) => [name.toLowerCase(), type]))
}
