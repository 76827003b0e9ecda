import { compareNames, parseTable, withSql } from '../parse.ts'
import type { Column, Table, TableOption } from '../table.ts'
import {
  canIndex,
  charsetOf,
  columnId,
  columnOf,
  indexOf,
  shapeOf,
  usesColumn,
} from './column-use.ts'
import type { Conflict } from './conflict.ts'
import { mergeOrder, type TableSides } from './merge-order.ts'
import { COLLATION, type Defined, partId, partsOf } from './part.ts'
import { type Touch, touchOf } from './touch.ts'

export type MergedTable = {
  /** With their version of what is in conflict. */
  readonly table: Table
  readonly conflicts: readonly Conflict[]
}

/**
 * A table that both sides changed, part by part: what only one of them touched is as that one has it.
 *
 * Two changes of the same part conflict unless they are equal. So do changes of two parts that need each other,
 * where nobody but a server could tell what comes of both.
 */
export function mergeTable(sides: TableSides): MergedTable {
  const parts = {
    base: partsOf(sides.base),
    theirs: partsOf(sides.theirs),
    ours: partsOf(sides.ours),
  }
  const changes = changesOf(parts)
  const conflicts = [
    ...changes.filter((change) => change.kept === null).map(toConflict),
    ...dependents({ sides, parts, changes }),
    ...alone(changes),
  ]
  const kept = new Map(changes.map((change) => [change.id, change.kept ?? 'theirs']))
  const columns = pick(sides, kept, 'column', ({ columns: all }) => all)
  if (columns.length === 0)
    return { table: sides.theirs, conflicts: [...conflicts, nothingLeft(changes)] }
  const order = mergeOrder(sides, new Set(columns.map(({ name }) => name.toLowerCase())))
  if (order.kind === 'conflict' && conflicts.length === 0) {
    conflicts.push({ reason: 'order', theirs: order.theirs, ours: order.ours })
  }
  const names = order.kind === 'merged' ? order.names : []
  return { table: assemble(sides, kept, inOrder(columns, names)), conflicts }
}

type Parts = Readonly<Record<keyof TableSides, ReadonlyMap<string, Defined>>>

/** A part that one side touched, or both. */
type Change = {
  readonly id: string
  readonly theirs: Touch | null
  readonly ours: Touch | null
  /** Whose version is kept; null when both touched it and differ. */
  readonly kept: 'theirs' | 'ours' | null
}

function changesOf({ base, theirs, ours }: Parts): Change[] {
  const ids = new Set([...base.keys(), ...theirs.keys(), ...ours.keys()])
  return [...ids].flatMap((id): Change[] => {
    const before = base.get(id)
    const their = touchOf(before, theirs.get(id))
    const our = touchOf(before, ours.get(id))
    if (!their && !our) return []
    const isSame = theirs.get(id)?.text === ours.get(id)?.text
    const kept = !our || isSame ? 'theirs' : 'ours'
    return [{ id, theirs: their, ours: our, kept: their && our && !isSame ? null : kept }]
  })
}

function toConflict({ theirs, ours }: Change): Conflict {
  if (!theirs || !ours) throw new TypeError('only what both sides touched can be in conflict')
  return { reason: 'same', theirs, ours }
}

/** Each side dropped what the other left, so that no column would stay. */
function nothingLeft(changes: readonly Change[]): Conflict {
  const [theirs, ours] = (['theirs', 'ours'] as const).map((side) =>
    onlyBy({ changes }, side).find(({ part, did }) => part.kind === 'column' && did === 'drops'),
  )
  if (!theirs || !ours) throw new TypeError('a table without columns was no table before')
  return { reason: 'gone', theirs, ours }
}

type Merging = {
  readonly sides: TableSides
  readonly parts: Parts
  readonly changes: readonly Change[]
}

type Side = 'theirs' | 'ours'
const OTHER = { theirs: 'ours', ours: 'theirs' } as const

/** What one side touched and a part that the other added or changed depends on. */
function dependents(merging: Merging): Conflict[] {
  return (['theirs', 'ours'] as const).flatMap((changer) => {
    const touched = onlyBy(merging, changer)
    const users = onlyBy(merging, OTHER[changer]).filter(({ did }) => did !== 'drops')
    return users.flatMap((user) => {
      const found = touched.flatMap((touch): Conflict[] => {
        const reason = reasonOf(merging, changer, { touch, user })
        if (!reason) return []
        const both = { [changer]: touch, [OTHER[changer]]: user }
        // Sound: the two sides are the two keys.
        return [{ reason, ...(both as Record<Side, Touch>) }]
      })
      return found.slice(0, 1)
    })
  })
}

/** What one side touched and the other left alone. */
function onlyBy({ changes }: Pick<Merging, 'changes'>, side: Side): Touch[] {
  return changes.flatMap((change) => {
    const touch = change[side]
    return touch && !change[OTHER[side]] ? [touch] : []
  })
}

type Pair = { readonly touch: Touch; readonly user: Touch }

/** Why what `changer` touched does not go with what the other side added or changed; null when it does. */
function reasonOf(
  merging: Merging,
  changer: Side,
  { touch, user }: Pair,
): Conflict['reason'] | null {
  if (touch.part.kind === 'column') return columnReason(merging, changer, { touch, user })
  const isCollation = touch.part.kind === 'option' && touch.part.name === COLLATION
  if (!isCollation || user.part.kind !== 'column') return null
  return dependsOnCharset(merging.sides, changer, user) ? 'collation' : null
}

function columnReason(
  { sides, parts }: Merging,
  changer: Side,
  { touch, user }: Pair,
): Conflict['reason'] | null {
  const using = sides[OTHER[changer]]
  const { name } = touch.part
  const defined = parts[OTHER[changer]].get(partId(user.part))
  if (touch.did === 'adds' || !defined || !usesColumn(using, defined, name)) return null
  if (touch.did === 'drops') return 'gone'
  const before = columnOf(sides.base, name)
  const after = columnOf(sides[changer], name)
  if (!before || !after) return null
  const id = columnId(name)
  const shape = shapeOf(before, sides.base, parts.base.get(id)?.text ?? '')
  if (shape === shapeOf(after, sides[changer], parts[changer].get(id)?.text ?? '')) return null
  const key = user.part.kind === 'index' ? indexOf(using, user.part.name) : null
  return key && canIndex(using, key, after) ? null : 'changed'
}

/**
 * A text column takes the default that its table has at that moment; one with a character set of its own is spelled
 * in another way when that is the default. Only a third character set has nothing to do with the table's.
 */
function dependsOnCharset(sides: TableSides, changer: Side, { part }: Touch): boolean {
  const table = sides[OTHER[changer]]
  const column = columnOf(table, part.name)
  if (!column) return false
  const own = /CHARACTER SET (\w+)/.exec(charsetOf(column, table))?.[1]
  if (own === undefined) return column.inheritsCollation || charsetOf(column, table) !== ''
  const ofTable = ({ options }: Table) =>
    options.find(({ name }) => name === 'DEFAULT CHARSET')?.value
  return [ofTable(sides.base), ofTable(sides[changer])].includes(own)
}

/** Changes that concern all of the table, so that nothing else can be said of what comes of both. */
const ALONE: readonly string[] = ['option engine', 'option system versioning']
/** Options about how rows are stored, of which one may forbid another. */
const STORAGE: readonly string[] = [
  'option row_format',
  'option key_block_size',
  'option compression',
  'option tablespace',
]

/** The engine of a table and whether it keeps its history say what else it may have; so do options of its storage. */
function alone(changes: readonly Change[]): Conflict[] {
  const touches = { theirs: onlyBy({ changes }, 'theirs'), ours: onlyBy({ changes }, 'ours') }
  const isAlone = ({ part }: Touch) => ALONE.includes(partId(part))
  const isStorage = ({ part }: Touch) => STORAGE.includes(partId(part))
  const pairs = [
    { theirs: touches.theirs.find(isAlone), ours: touches.ours[0] },
    { theirs: touches.theirs[0], ours: touches.ours.find(isAlone) },
    { theirs: touches.theirs.find(isStorage), ours: touches.ours.find(isStorage) },
  ]
  for (const { theirs, ours } of pairs) {
    if (theirs && ours) return [{ reason: 'changed', theirs, ours }]
  }
  return []
}

type Kept = ReadonlyMap<string, Side>

/** The parts of one kind, each as the side has it whose version is kept. */
function pick<T extends { readonly name: string }>(
  { theirs, ours }: TableSides,
  kept: Kept,
  kind: Defined['part']['kind'],
  listOf: (table: Table) => readonly T[],
): T[] {
  const sideOf = ({ name }: T) =>
    kept.get(partId({ table: '', kind, name: kind === 'option' ? optionPart(name) : name })) ??
    'theirs'
  return [
    ...listOf(theirs).filter((item) => sideOf(item) === 'theirs'),
    ...listOf(ours).filter((item) => sideOf(item) === 'ours'),
  ]
}

function optionPart(name: string): string {
  return name === 'COLLATE' ? COLLATION : name
}

function inOrder(columns: readonly Column[], names: readonly string[]): Column[] {
  const at = new Map(names.map((name, index) => [name, index]))
  return columns.toSorted(
    (a, b) => (at.get(a.name.toLowerCase()) ?? 0) - (at.get(b.name.toLowerCase()) ?? 0),
  )
}

/** In the order and the spelling that any other table has. */
function assemble(sides: TableSides, kept: Kept, columns: readonly Column[]): Table {
  const isOurs = kept.get(partId({ table: '', kind: 'partitions', name: '' })) === 'ours'
  const byName = <T extends { readonly name: string }>(items: readonly T[]) =>
    items.toSorted((a, b) => compareNames(a.name, b.name))
  const foreignKeys = byName(pick(sides, kept, 'foreign_key', (side) => side.foreignKeys))
  const checks = byName(pick(sides, kept, 'check', (side) => side.checks))
  const table = withSql({
    name: sides.theirs.name,
    columns,
    keys: pick(sides, kept, 'index', ({ keys }) => keys),
    foreignKeys,
    checks,
    periods: pick(sides, kept, 'period', ({ periods }) => periods),
    options: pick(sides, kept, 'option', ({ options }) => options).toSorted(compareOptions),
    partition: isOurs ? sides.ours.partition : sides.theirs.partition,
  })
  // Read again for the order of its keys; the names that constraints have on the server are not in the text.
  return { ...parseTable(table.sql), foreignKeys, checks }
}

/** The order in which MySQL 9.7 and MariaDB 10.11 write options; others stand where they were, at the end. */
const WRITTEN = [
  'TABLESPACE',
  'AUTOEXTEND_SIZE',
  'ENGINE',
  'DEFAULT CHARSET',
  'COLLATE',
  'MIN_ROWS',
  'MAX_ROWS',
  'AVG_ROW_LENGTH',
  'PACK_KEYS',
  'STATS_PERSISTENT',
  'STATS_AUTO_RECALC',
  'STATS_SAMPLE_PAGES',
  'CHECKSUM',
  'PAGE_CHECKSUM',
  'DELAY_KEY_WRITE',
  'ROW_FORMAT',
  'TRANSACTIONAL',
  'KEY_BLOCK_SIZE',
  'COMPRESSION',
  'ENCRYPTION',
  'INSERT_METHOD',
  'SEQUENCE',
  'COMMENT',
  'CONNECTION',
  'DATA DIRECTORY',
  'INDEX DIRECTORY',
]

function compareOptions(a: TableOption, b: TableOption): number {
  const rank = ({ name }: TableOption) => {
    const at = WRITTEN.indexOf(name)
    return at === -1 ? WRITTEN.length : at
  }
  return rank(a) - rank(b)
}
