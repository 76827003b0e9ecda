import {
  diffSchemas,
  isTableChange,
  type SchemaChange,
  type TableChange,
  tableOf,
} from '../schema/diff/diff.ts'
import type { CreateTable } from '../schema/file/allow-list.ts'
import { type Outline, outlineOf } from '../schema/file/outline.ts'
import { renamesIn } from '../schema/file/rename-hint.ts'
import type { Renames } from '../schema/renames.ts'
import type { Schema } from '../schema/table.ts'
import { hintProblems } from './rename-hints.ts'
import type { Finding, Level, Problem, Rule } from './rule.ts'
import { findRule, type Levels, levelOf, RULES } from './rules.ts'
import { readSuppressions, type Suppression, type TableSuppression } from './suppression.ts'

export type LintInput = {
  readonly wanted: Schema
  /** What there is now; null when only the wanted schema is looked at. */
  readonly from: Schema | null
  /** The files that `wanted` was made of, for places and comments; empty for one of a database. */
  readonly sources: readonly CreateTable[]
  /** The hints of those files, for who has not the files. */
  readonly renames?: Renames
  readonly levels: Levels
}

/** A finding that a comment in its file accepts. */
export type Accepted = { readonly finding: Finding; readonly reason: string }

export type LintResult = {
  /** The worst first, then by file and line. */
  readonly findings: readonly Finding[]
  readonly accepted: readonly Accepted[]
}

/** Runs every rule that is not off. Depends on nothing but its input. */
export function lint(input: LintInput): LintResult {
  const changes = changesOf(input).filter(isTableChange)
  const files = readFiles(input.sources)
  const findings: Finding[] = []
  const accepted: Accepted[] = []
  for (const rule of RULES) {
    const level = levelOf(rule, input.levels)
    if (level === 'off') continue
    for (const [table, problem] of distinct(problemsOf(rule, { ...input, changes, files }))) {
      const file = files.get(table) ?? null
      const finding = findingOf({ rule, level }, table, problem, file?.outline() ?? null)
      const reason = file?.accepted.find((comment) => comment.rule === rule.id)?.reason
      if (reason === undefined) findings.push(finding)
      else accepted.push({ finding, reason })
    }
  }
  findings.push(...badComments(files, input.levels), ...badHints(files, input))
  return { findings: findings.toSorted(compare), accepted }
}

function changesOf({ wanted, from, sources, renames }: LintInput): readonly SchemaChange[] {
  if (!from) return []
  return diffSchemas(from, wanted, renames ?? renamesIn({ schema: wanted, sources }))
}

/** A schema with the files that it was made of, or with what they say of former names. */
export type Definition = {
  readonly schema: Schema
  readonly sources: readonly CreateTable[]
  readonly renames?: Renames
}

/** What is to be said of the change from one definition to another: nothing that `from` has had already. */
export function lintChange(from: Definition, to: Definition, levels: Levels): LintResult {
  const identityOf = ({ rule, table, column, key, message }: Finding) =>
    JSON.stringify([rule, table, column, key, message])
  const before = lint({ wanted: from.schema, from: null, sources: from.sources, levels })
  const { schema: wanted, ...hints } = to
  const after = lint({ ...hints, wanted, from: from.schema, levels })
  const found = new Set(before.findings.map(identityOf))
  const accepted = new Set(before.accepted.map(({ finding }) => identityOf(finding)))
  return {
    findings: after.findings.filter((finding) => !found.has(identityOf(finding))),
    accepted: after.accepted.filter(({ finding }) => !accepted.has(identityOf(finding))),
  }
}

/** The same with what these suppressions accept set aside, for who has no files to read them in. */
export function suppress(
  { findings, accepted }: LintResult,
  suppressions: readonly TableSuppression[],
): LintResult {
  const reasonOf = ({ table, rule }: Finding) =>
    suppressions.find((one) => one.table === table && one.rule === rule)?.reason ?? null
  return {
    findings: findings.filter((finding) => reasonOf(finding) === null),
    accepted: [
      ...accepted,
      ...findings.flatMap((finding) => {
        const reason = reasonOf(finding)
        return reason === null ? [] : [{ finding, reason }]
      }),
    ],
  }
}

/** How many findings there are of each level. */
export function countLevels(
  findings: readonly Finding[],
): Readonly<Record<Finding['level'], number>> {
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length
  return { error: count('error'), warning: count('warning'), info: count('info') }
}

/** The part of a schema file that defines one table. */
type TableFile = {
  readonly source: CreateTable
  readonly accepted: readonly Suppression[]
  /** Read when it is needed: most tables have no finding. */
  readonly outline: () => Outline
}

type Files = ReadonlyMap<string, TableFile>

function readFiles(sources: readonly CreateTable[]): Files {
  return new Map(
    sources.map((source) => {
      let outline: Outline | null = null
      const file: TableFile = {
        source,
        accepted: readSuppressions(source.comments).accepted,
        outline: () => {
          outline ??= source.kind === 'view' ? outlineOfView(source) : outlineOf(source)
          return outline
        },
      }
      return [source.name, file]
    }),
  )
}

type Task = LintInput & { readonly changes: readonly TableChange[]; readonly files: Files }

type Found = readonly [table: string, Problem]

function problemsOf(rule: Rule, { wanted, from, changes, files }: Task): Iterable<Found> {
  switch (rule.about) {
    case 'table':
      return ofEach(wanted.tables.values(), nameOf, (table) =>
        rule.check(table, { wanted, outline: () => files.get(table.name)?.outline() ?? null }),
      )
    case 'view':
      return ofEach(wanted.views.values(), nameOf, (view) => rule.check(view, wanted))
    case 'change':
      return from ? ofEach(changes, tableOf, (change) => rule.check(change, { from, wanted })) : []
    case 'comment':
      return []
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}

function* ofEach<T>(
  items: Iterable<T>,
  name: (item: T) => string,
  check: (item: T) => Iterable<Problem>,
): Generator<Found> {
  for (const item of items) {
    for (const problem of check(item)) yield [name(item), problem]
  }
}

/** A table whose foreign key changes is altered twice; what is true of both is told once. */
function* distinct(problems: Iterable<Found>): Generator<Found> {
  const seen = new Set<string>()
  for (const [table, problem] of problems) {
    const id = JSON.stringify([table, problem.message])
    if (!seen.has(id)) yield [table, problem]
    seen.add(id)
  }
}

function findingOf(
  { rule, level }: { readonly rule: Rule; readonly level: Finding['level'] },
  table: string,
  { message, fix = rule.fix, column, key }: Problem,
  outline: Outline | null,
): Finding {
  return {
    rule: rule.id,
    level,
    table,
    column: column ?? null,
    key: key ?? null,
    message,
    fix,
    place: outline && placeOf(outline, key, column),
    docs: docsOf(rule.id),
  }
}

/** A view has no parts that a finding could point to. */
function outlineOfView({ file, line, column }: CreateTable): Outline {
  const place = { file, line, column }
  return { place, columns: new Map(), keys: new Map(), referring: new Set() }
}

/** A key that is not named in the file is defined at its column, or has the name of one. */
function placeOf({ place, columns, keys }: Outline, key?: string, column?: string) {
  const [keyName, columnName] = [key?.toLowerCase() ?? '', column?.toLowerCase() ?? '']
  return keys.get(keyName) ?? columns.get(columnName) ?? columns.get(keyName) ?? place
}

function docsOf(id: string): string {
  return `docs/lint.md#${id}`
}

function badComments(files: Files, levels: Levels): readonly Finding[] {
  const rule = findRule('suppression')
  const level = rule ? levelOf(rule, levels) : 'off'
  if (!rule || level === 'off') return []
  return [...files.values()].flatMap(({ source }) =>
    readSuppressions(source.comments).bad.map(({ message, comment }) => ({
      ...findingOf({ rule, level }, source.name, { message }, null),
      place: { file: source.file, line: comment.line, column: comment.column },
    })),
  )
}

function badHints(files: Files, { levels, ...sides }: LintInput): readonly Finding[] {
  const rule = findRule('rename-hint')
  const level = rule ? levelOf(rule, levels) : 'off'
  if (!rule || level === 'off') return []
  return [...files.values()].flatMap(({ source }) =>
    hintProblems(source, sides).map(({ comment, ...problem }) => ({
      ...findingOf({ rule, level }, source.name, problem, null),
      place: { file: source.file, line: comment.line, column: comment.column },
    })),
  )
}

const LOUDNESS = { error: 0, warning: 1, info: 2 } as const

function compare(one: Finding, other: Finding): number {
  const byLevel = LOUDNESS[one.level] - LOUDNESS[other.level]
  if (byLevel !== 0) return byLevel
  const [a, b] = [one.place, other.place]
  if (!a || !b) return Number(a === null) - Number(b === null)
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
