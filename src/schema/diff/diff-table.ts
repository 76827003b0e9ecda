import { type ColumnRenames, withRenamedKeys } from '../renames.ts'
import { meaningOf } from '../spelling/meaning.ts'
import { type Check, type Key, quoteName, type Table, type TableOption } from '../table.ts'
import type { Clause } from './clause.ts'
import { collationOf, diffColumns, isCollation, mentionsAny } from './diff-columns.ts'
import { diffPartition } from './diff-partition.ts'
import { recodedColumns } from './recoded.ts'

/** The open renames of all tables: those of another one are seen in the foreign keys to it. */
export type TableRenames = ReadonlyMap<string, ColumnRenames>

/** The clauses of the one ALTER that turns `from` into `to`; none where the server needs no word about it. */
export function diffTables(from: Table, to: Table, renames: TableRenames): readonly Clause[] {
  const { clauses: columnClauses, replaced } = diffColumns(from, to, renames.get(to.name))
  const isStale = ({ definition }: Named) => mentionsAny(definition, replaced)
  const renamed = withRenamedKeys(from, renames)
  const { toggles, ...keys } = diffKeys(renamed.keys, to.keys, isStale)
  const foreignKeys = diffNamed(renamed.foreignKeys, to.foreignKeys)
  const recoded = recodedColumns(from, to, columnClauses)
  const checks = diffNamed(from.checks, to.checks, (check) => {
    return isStale(check) || (TEXT.test(check.definition) && mentionsAny(check.definition, recoded))
  })
  const periods = diffNamed(from.periods, to.periods, isStale)
  const clauses: Clause[] = [
    ...foreignKeys.dropped.map((foreignKey) => ({ kind: 'drop_foreign_key', foreignKey }) as const),
    ...checks.dropped.map(
      (check) => ({ kind: 'drop_check', check, word: wordFor(check, from) }) as const,
    ),
    ...keys.dropped.map((key) => ({ kind: 'drop_key', key }) as const),
    ...periods.dropped.map((period) => ({ kind: 'drop_period', period }) as const),
    ...columnClauses,
    ...periods.added.map((period) => ({ kind: 'add_period', period }) as const),
    ...toggles,
    ...keys.added.map((key) => ({ kind: 'add_key', key }) as const),
    ...foreignKeys.added.map((foreignKey) => ({ kind: 'add_foreign_key', foreignKey }) as const),
    ...checks.added.map((check) => ({ kind: 'add_check', check }) as const),
    ...diffOptions(from.options, to.options),
  ]
  return [...clauses, ...diffPartition(from.partition, to.partition, clauses.length === 0)]
}

/**
 * MySQL takes a text over into the character set that a column beside it had before, where accents print as question marks
 * (test/schema/mysql/recollated-check.mysql.test.ts), so a CHECK with such a text is made anew. The table is copied anyway.
 */
const TEXT = /'/

/** MySQL lets a foreign key have the name of a CHECK, and then takes only the word that MariaDB does not know. */
function wordFor({ serverName }: Check, { foreignKeys }: Table): 'CHECK' | 'CONSTRAINT' {
  const isShared = foreignKeys.some(
    (key) => key.serverName.toLowerCase() === serverName.toLowerCase(),
  )
  return isShared ? 'CHECK' : 'CONSTRAINT'
}

type Named = { readonly name: string; readonly definition: string }

/** What must be dropped and what added. A replaced column takes what mentions it with it, so that comes back too. */
function diffNamed<T extends Named>(
  from: readonly T[],
  to: readonly T[],
  isStale: (item: T) => boolean = () => false,
): { readonly dropped: readonly T[]; readonly added: readonly T[] } {
  const stays = (item: T, others: readonly T[]) =>
    !isStale(item) && others.some((other) => isEqual(other, item))
  return {
    dropped: from.filter((item) => !stays(item, to)),
    added: to.filter((item) => !stays(item, from)),
  }
}

/**
 * A key that is dropped and added in one ALTER with another visibility keeps the one it had (MySQL 9.7 and
 * MariaDB 10.11, test/schema/diff.mysql.test.ts), so that has a clause of its own. So has another name alone, because
 * it spares building the key anew.
 */
function diffKeys(
  from: readonly Key[],
  to: readonly Key[],
  isStale: (key: Key) => boolean,
): {
  readonly dropped: readonly Key[]
  readonly added: readonly Key[]
  readonly toggles: readonly Clause[]
} {
  const { dropped, added } = diffNamed(from, to, isStale)
  const shownAnew = pairKeys(dropped, added, (key) => (isStale(key) ? null : shown(key)))
  const renamed = pairKeys(shownAnew.dropped, shownAnew.added, (key) =>
    isStale(key) || key.kind === 'primary' ? null : nameless(key),
  )
  return {
    dropped: renamed.dropped,
    added: renamed.added,
    toggles: [
      ...renamed.pairs.map(({ before, after }) => ({
        kind: 'rename_key' as const,
        from: before,
        key: after,
      })),
      ...shownAnew.pairs.flatMap(({ before, after }): Clause[] => {
        const word = after.hidden ?? before.hidden
        if (!word) return []
        return [{ kind: after.hidden ? 'hide_key' : 'show_key', key: after, word }]
      }),
    ],
  }
}

/** Which of the dropped keys are those added again, by what `textOf` says of them; null for a key that is like no other. */
function pairKeys(
  dropped: readonly Key[],
  added: readonly Key[],
  textOf: (key: Key) => string | null,
): {
  readonly pairs: readonly { readonly before: Key; readonly after: Key }[]
  readonly dropped: readonly Key[]
  readonly added: readonly Key[]
} {
  const free = [...added]
  const pairs = dropped.flatMap((before) => {
    const text = textOf(before)
    const at = text === null ? -1 : free.findIndex((key) => textOf(key) === text)
    const [after] = at === -1 ? [] : free.splice(at, 1)
    return after ? [{ before, after }] : []
  })
  return {
    pairs,
    dropped: dropped.filter((key) => !pairs.some(({ before }) => before === key)),
    added: free,
  }
}

/** The key without its visibility. */
function shown({ hidden, definition }: Key): string {
  return meaningOf(hidden ? definition.slice(0, -hidden.length).trimEnd() : definition)
}

function nameless({ name, definition }: Key): string {
  return meaningOf(definition.replace(quoteName(name), ''))
}

function isEqual(a: Named, b: Named): boolean {
  if (a.name !== b.name) return false
  return a.definition === b.definition || meaningOf(a.definition) === meaningOf(b.definition)
}

/** Character set and collation are set together: naming the character set alone means its default collation. */
function diffOptions(from: readonly TableOption[], to: readonly TableOption[]): Clause[] {
  const recollated = collationOf(from) !== collationOf(to)
  const isSet = (option: TableOption) =>
    isCollation(option) ? recollated : !from.some((before) => isEqual(before, option))
  const isReset = (option: TableOption) =>
    !isCollation(option) && !to.some(({ name }) => name === option.name)
  return [
    ...from.filter(isReset).map((option) => ({ kind: 'reset_option', option }) as const),
    ...to.filter(isSet).map((option) => ({ kind: 'set_option', option }) as const),
  ]
}
