import { closestOf } from '../closest-word.ts'
import type { Comment, CreateTable } from '../schema/file/allow-list.ts'
import { type BadHint, type RenameHint, readHints } from '../schema/file/rename-hint.ts'
import type { Schema, Table } from '../schema/table.ts'
import { findColumn } from './key-parts.ts'
import { named, type Problem } from './rule.ts'

type HintProblem = Problem & { readonly comment: Comment }

/** What is wrong with the comments of a file that say what columns were called before. */
export function hintProblems(
  source: CreateTable,
  { wanted, from }: { readonly wanted: Schema; readonly from: Schema | null },
): readonly HintProblem[] {
  const { hints, bad } = readHints(source)
  const after = wanted.tables.get(source.name)
  const before = from?.tables.get(source.name) ?? null
  const problems = hints.flatMap((hint) => {
    const problem = after ? problemOf(hint, { after, before, hints }) : null
    return problem ? [{ ...problem, column: hint.column, comment: hint.comment }] : []
  })
  return [
    ...bad.map(({ message, fix, comment }: BadHint) => ({ message, fix, comment })),
    ...problems,
  ]
}

type Sides = {
  readonly after: Table
  readonly before: Table | null
  readonly hints: readonly RenameHint[]
}

function problemOf(
  { column, old }: RenameHint,
  { after, before, hints }: Sides,
): Pick<Problem, 'message' | 'fix'> | null {
  const isTaken = hints.some((hint) => hint.column === old.toLowerCase())
  if (old.toLowerCase() === column || (findColumn(after, old) && !isTaken)) {
    return {
      message: `The column ${named(after.name, column)} is said to have been ${named(old)}, which the table still has.`,
      fix: 'Remove the old column from the file, or remove the hint.',
    }
  }
  if (!before || findColumn(before, old) || findColumn(before, column)) return null
  const similar = closestOf(
    old.toLowerCase(),
    before.columns.map(({ name }) => name.toLowerCase()),
  )
  const question = similar === null ? '' : ` Did you mean ${named(similar)}?`
  return {
    message: `The column ${named(after.name, column)} is said to have been ${named(old)}, but there is no such column now, so nothing is renamed.${question}`,
    fix: 'Write the name that the column has in the database now, or remove the hint.',
  }
}
