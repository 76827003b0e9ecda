import { type ForeignKey, type Key, quoteName, type Schema, type Table } from './table.ts'
import { isSymbol, splitList, tokenize } from './tokens.ts'

/**
 * Columns that were given another name, by table: new name → old name. Only a person can know that, so it comes from
 * hints in the schema files (`rename-hint.ts`).
 */
export type Renames = ReadonlyMap<string, ReadonlyMap<string, string>>

/** The renames of one table: old name in lower case → new name as the wanted table spells it. */
export type ColumnRenames = ReadonlyMap<string, string>

export const NO_RENAMES: Renames = new Map()

/** Renames as they travel: `{table: {new: old}}`. */
export type RenamesJson = Readonly<Record<string, Readonly<Record<string, string>>>>

export function renamesToJson(renames: Renames): RenamesJson {
  return Object.fromEntries(
    [...renames].map(([table, names]) => [table, Object.fromEntries(names)]),
  )
}

export function renamesFromJson(json: RenamesJson): Renames {
  return new Map(
    Object.entries(json).map(([table, names]) => [table, new Map(Object.entries(names))]),
  )
}

/**
 * The hints that are still to be carried out: the old column is there and goes, the new one comes. A hint stays in its file
 * after it was deployed, and means nothing then.
 */
export function renamesOf(from: Table, to: Table, hints: Renames): ColumnRenames {
  const hinted = hints.get(to.name)
  if (!hinted) return new Map()
  const before = new Set(from.columns.map(({ name }) => fold(name)))
  const after = new Map(to.columns.map(({ name }) => [fold(name), name]))
  const pairs = [...hinted].map(([name, old]) => [fold(old), fold(name)] as const)
  const taken = new Set(pairs.map(([old]) => old))
  const given = new Set(pairs.map(([, name]) => name))
  const isOpen = ([old, name]: readonly [old: string, name: string]) =>
    old !== name &&
    before.has(old) &&
    after.has(name) &&
    // Two columns may also change their names with each other.
    (!before.has(name) || taken.has(name)) &&
    (!after.has(old) || given.has(old))
  return new Map(pairs.filter(isOpen).map(([old, name]) => [old, after.get(name) ?? name]))
}

/** The open renames of every table that both schemas have. */
export function openRenames(
  from: Schema,
  to: Schema,
  hints: Renames,
): ReadonlyMap<string, ColumnRenames> {
  const open = new Map<string, ColumnRenames>()
  for (const name of hints.keys()) {
    const [before, after] = [from.tables.get(name), to.tables.get(name)]
    const renames = before && after ? renamesOf(before, after, hints) : new Map()
    if (renames.size > 0) open.set(name, renames)
  }
  return open
}

/**
 * The keys and foreign keys of a table as the server has them once the columns are renamed: it follows a new name there by
 * itself, also into the tables that refer to it. Expressions it does not follow; they have to be written anew.
 */
export function withRenamedKeys(
  table: Table,
  renames: ReadonlyMap<string, ColumnRenames>,
): Pick<Table, 'keys' | 'foreignKeys'> {
  const own = renames.get(table.name) ?? new Map()
  return {
    keys: own.size === 0 ? table.keys : table.keys.map((key) => renamedKey(key, own)),
    foreignKeys: table.foreignKeys.map((key) => {
      const theirs = key.parentSchema === null ? renames.get(key.parent) : undefined
      return own.size + (theirs?.size ?? 0) === 0
        ? key
        : renamedForeignKey(key, own, theirs ?? new Map())
    }),
  }
}

function renamedKey(key: Key, renames: ColumnRenames): Key {
  if (key.parts.some(({ kind }) => kind === 'expression')) return key
  return {
    ...key,
    parts: key.parts.map((part) =>
      part.kind === 'column' ? { ...part, column: newName(part.column, renames) } : part,
    ),
    definition: renamedLists(key.definition, [renames]),
  }
}

function renamedForeignKey(key: ForeignKey, own: ColumnRenames, theirs: ColumnRenames): ForeignKey {
  return {
    ...key,
    columns: key.columns.map((name) => newName(name, own)),
    parentColumns: key.parentColumns.map((name) => newName(name, theirs)),
    definition: renamedLists(key.definition, [own, theirs]),
  }
}

function newName(name: string, renames: ColumnRenames): string {
  return renames.get(fold(name)) ?? name
}

/** `definition` with the names in its n-th list of columns changed by the n-th of `renames`. */
function renamedLists(definition: string, renames: readonly ColumnRenames[]): string {
  const tokens = tokenize(definition)
  let text = ''
  let done = 0
  let from = 0
  for (const list of renames) {
    const open = tokens.findIndex((token, index) => index >= from && isSymbol(token, '('))
    if (open === -1) break
    const { items, end } = splitList(tokens, open)
    for (const [token] of items) {
      const name = list.get(fold(token?.value ?? ''))
      if (!token || name === undefined) continue
      text += definition.slice(done, token.start) + quoteName(name)
      done = token.end
    }
    from = end
  }
  return text + definition.slice(done)
}

function fold(name: string): string {
  return name.toLowerCase()
}
