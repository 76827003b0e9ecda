import { type RawBuilder, sql } from 'kysely'
import type { DataCheckKind } from '../deploy/forecast.ts'
import { columnCollation } from '../lint/collation.ts'
import type { Clause } from '../schema/diff/clause.ts'
import type { TableChange } from '../schema/diff/diff.ts'
import {
  type Check,
  type Column,
  type ForeignKey,
  type Key,
  type KeyPart,
  quoteName,
  type Schema,
} from '../schema/table.ts'
import { isHarmless } from './harmless.ts'
import { unfitValues } from './unfit.ts'

/** The name of the live table inside of every question. */
export const LIVE = 'live'

/** What has to be looked at before a change can be called safe, and how. */
export type NeededCheck = {
  readonly kind: DataCheckKind
  /** In words that follow “no” and “found”. */
  readonly subject: string
} & (
  | { readonly look: 'rows'; readonly condition: RawBuilder<unknown> }
  /** Rows that are equal in all of these, and NULL in none. */
  | { readonly look: 'groups'; readonly values: readonly RawBuilder<unknown>[] }
  | { readonly look: 'nothing'; readonly reason: string }
)

type Alter = Extract<TableChange, { readonly kind: 'alter' }>
type Modify = Extract<Clause, { readonly kind: 'modify_column' }>

/** The checks that `change` needs, in the order of its clauses; none for tables that are created or dropped. */
export function neededChecks(change: TableChange, live: Schema): readonly NeededCheck[] {
  if (change.kind !== 'alter') return []
  return [
    ...change.clauses.flatMap((clause) => checksOf(clause, { change, live })),
    ...recollatedKeys(change),
  ]
}

type Context = { readonly change: Alter; readonly live: Schema }

function checksOf(clause: Clause, { change, live }: Context): readonly NeededCheck[] {
  switch (clause.kind) {
    case 'modify_column':
      return [...nulls(clause), ...values(clause, change)]
    case 'add_key':
      return duplicates(clause.key, change)
    case 'add_foreign_key':
      return orphans(clause.foreignKey, { change, live })
    case 'add_check':
      return violations(clause.check, change)
    default:
      return []
  }
}

function own(name: string): RawBuilder<unknown> {
  return sql.id(LIVE, name)
}

function nulls({ from, to }: Modify): readonly NeededCheck[] {
  if (!from.nullable || to.nullable || to.generated !== null) return []
  const subject = `rows with NULL in ${quoteName(from.name)}, which becomes NOT NULL`
  return [{ kind: 'nulls', subject, look: 'rows', condition: sql`${own(from.name)} IS NULL` }]
}

function values({ from, to }: Modify, change: Alter): readonly NeededCheck[] {
  if (from.generated !== null || to.generated !== null) return []
  const sides = [
    { column: from, table: change.from },
    { column: to, table: change.to },
  ] as const
  const unfit = unfitValues(...sides, own(from.name))
  if (unfit === null) return []
  const about = {
    kind: 'values',
    subject: `rows with ${unfit.what} in ${quoteName(from.name)}`,
  } as const
  if (unfit.condition) return [{ ...about, look: 'rows', condition: unfit.condition }]
  return [{ ...about, look: 'nothing', reason: 'no short query tells them' }]
}

function duplicates(key: Key, change: Alter): readonly NeededCheck[] {
  if (key.kind !== 'unique' && key.kind !== 'primary') return []
  const about = {
    kind: 'duplicates',
    subject: `rows that are equal in the new unique key ${quoteName(key.name)}`,
  } as const
  const parts = key.parts.map((part) => valueIn(part, change))
  const isDistinct = parts.some((part) => part === 'distinct')
  // A new number, or NULL, is different in every row.
  if (isDistinct || isImplied(key, change)) return []
  const unknown = parts.find((part) => typeof part === 'string')
  if (unknown) return [{ ...about, look: 'nothing', reason: unknown }]
  return [{ ...about, look: 'groups', values: parts.filter((part) => typeof part !== 'string') }]
}

/** A unique key that the table has already, over no more than the new one's whole columns. */
function isImplied(key: Key, { from }: Alter): boolean {
  const whole = new Set(
    key.parts.flatMap((part) =>
      part.kind === 'column' && part.length === null ? [part.column.toLowerCase()] : [],
    ),
  )
  return from.keys.some(
    ({ kind, parts }) =>
      (kind === 'unique' || kind === 'primary') &&
      parts.every(
        (part) =>
          part.kind === 'column' && part.length === null && whole.has(part.column.toLowerCase()),
      ),
  )
}

/** What the live table has for a part of a new key, or why that cannot be told. */
function valueIn(part: KeyPart, change: Alter): RawBuilder<unknown> | string {
  if (part.kind === 'expression') {
    if (!isHarmless(part.expression, change.from)) {
      return 'the key is over an expression that is not run on production'
    }
    return sql`(${sql.raw(part.expression)})`
  }
  const after = columnNamed(change.to.columns, part.column)
  const before = formerColumn(part.column, change)
  if (!before) return after ? valueOfNew(after) : 'the key names an unknown column'
  if (after && before.type !== after.type && !isText(before, after)) {
    return `${quoteName(part.column)} changes its type as well`
  }
  const value = collated(before, after, change)
  return part.length === null ? value : sql`LEFT(${value}, ${sql.lit(part.length)})`
}

function valueOfNew({ name, autoIncrement, nullable, definition }: Column): string {
  const isNull = nullable && !/\bDEFAULT\b(?!\s+NULL\b)/i.test(definition)
  if (autoIncrement || isNull) return 'distinct'
  return `${quoteName(name)} is added by the same change`
}

function isText(before: Column, after: Column): boolean {
  const texts = /^(?:(?:var)?char|(?:tiny|medium|long)?text)\b/
  return texts.test(before.type) && texts.test(after.type)
}

/** Equal as the new table will compare it. */
function collated(before: Column, after: Column | null, { from, to }: Alter): RawBuilder<unknown> {
  const value = own(before.name)
  const [old, now] = [columnCollation(before, from), after && columnCollation(after, to)]
  if (!old || !now || old.name === now.name) return value
  const [charset, collation] = [now.charset, now.name].map((name) => name.replace(/\W/g, ''))
  return sql`CONVERT(${value} USING ${sql.raw(charset ?? '')}) COLLATE ${sql.raw(collation ?? '')}`
}

/** Unique keys that stay, over texts that are compared by other rules afterwards. */
function recollatedKeys(change: Alter): readonly NeededCheck[] {
  const added = change.clauses.flatMap((clause) => (clause.kind === 'add_key' ? [clause.key] : []))
  return change.to.keys
    .filter((key) => (key.kind === 'unique' || key.kind === 'primary') && !added.includes(key))
    .filter((key) => key.parts.some((part) => isRecollated(part, change)))
    .map((key): NeededCheck => {
      const about = {
        kind: 'duplicates',
        subject: `rows that the new collation makes equal in the unique key ${quoteName(key.name)}`,
      } as const
      const parts = key.parts.map((part) => valueIn(part, change))
      const unknown = parts.find((part) => typeof part === 'string')
      if (unknown) return { ...about, look: 'nothing', reason: unknown }
      return { ...about, look: 'groups', values: parts.filter((part) => typeof part !== 'string') }
    })
}

function isRecollated(part: KeyPart, change: Alter): boolean {
  if (part.kind !== 'column') return false
  const [before, after] = [
    formerColumn(part.column, change),
    columnNamed(change.to.columns, part.column),
  ]
  if (!before || !after) return false
  const [old, now] = [columnCollation(before, change.from), columnCollation(after, change.to)]
  return old !== null && now !== null && old.name !== now.name && !now.name.endsWith('_bin')
}

function columnNamed(columns: readonly Column[], name: string): Column | null {
  const folded = name.toLowerCase()
  return columns.find((column) => column.name.toLowerCase() === folded) ?? null
}

/** The column of the live table that is to be called `name`; null for one that the change adds. */
function formerColumn(name: string, { from, clauses }: Alter): Column | null {
  const folded = name.toLowerCase()
  for (const clause of clauses) {
    if (clause.kind === 'add_column' && clause.column.name.toLowerCase() === folded) return null
    if (clause.kind === 'modify_column' && clause.to.name.toLowerCase() === folded) {
      return clause.from
    }
  }
  return columnNamed(from.columns, name)
}

function orphans(
  foreignKey: ForeignKey,
  { change, live: schema }: Context,
): readonly NeededCheck[] {
  const { name, columns, parent, parentSchema, parentColumns } = foreignKey
  const about = {
    kind: 'orphans',
    subject: `rows without a parent for the new foreign key ${quoteName(name)}`,
  } as const
  const nothing = (reason: string): readonly NeededCheck[] => [
    { ...about, look: 'nothing', reason },
  ]
  if (parentSchema !== null) return nothing('the parent is in another schema')
  const former = columns.map((column) => formerColumn(column, change))
  const present = former.filter((column) => column !== null)
  // A new column is NULL in every row, or has one value for all.
  if (present.length < former.length) return nothing('it is over a column that the change adds')
  const isSet = sql.join(
    present.map((column) => sql`${own(column.name)} IS NOT NULL`),
    sql` AND `,
  )
  const parentTable = schema.tables.get(parent)
  if (!parentTable) return [{ ...about, look: 'rows', condition: sql`(${isSet})` }]
  if (parentColumns.some((column) => !columnNamed(parentTable.columns, column))) {
    return nothing('the parent’s columns are not there yet')
  }
  const same = sql.join(
    parentColumns.map(
      (column, at) => sql`${sql.id('parent', column)} = ${own(present[at]?.name ?? '')}`,
    ),
    sql` AND `,
  )
  const condition = sql`(${isSet} AND NOT EXISTS (SELECT 1 FROM ${sql.id(parent)} AS parent WHERE ${same}))`
  return [{ ...about, look: 'rows', condition }]
}

function violations(check: Check, change: Alter): readonly NeededCheck[] {
  if (/NOT ENFORCED/i.test(check.definition)) return []
  const about = {
    kind: 'check',
    subject: `rows that the new CHECK ${quoteName(check.name)} forbids`,
  } as const
  const expression = /^CONSTRAINT `(?:[^`]|``)*` CHECK (\(.*\))/s.exec(check.definition)?.[1]
  const isMoved = change.clauses.some(
    (clause) => clause.kind === 'modify_column' && clause.from.name !== clause.to.name,
  )
  if (!expression || isMoved || !isHarmless(expression, change.from)) {
    const reason = 'its expression is not run on production, or is about columns that change too'
    return [{ ...about, look: 'nothing', reason }]
  }
  return [{ ...about, look: 'rows', condition: sql`(${sql.raw(expression)} IS FALSE)` }]
}
