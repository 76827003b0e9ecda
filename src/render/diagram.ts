import { withKeptNames } from '../schema/diff/generated-name.ts'
import {
  type ColumnRenames,
  NO_RENAMES,
  openRenames,
  type Renames,
  renamesOf,
} from '../schema/renames.ts'
import {
  type Column,
  type ForeignKey,
  primaryKeyOf,
  type Schema,
  type Table,
} from '../schema/table.ts'
import { details, fence, type Markdown, md, NOTHING, shorten } from './markdown.ts'

/** What is legible in a comment; GitHub itself refuses a diagram of more than 50,000 characters. */
const MOST = { characters: 20_000, tables: 40, lines: 100, columns: 40 } as const

/**
 * The tables that differ between two schemas and their neighbours, one foreign key away, as a Mermaid `erDiagram`;
 * empty when no table differs, null when a picture of it would be too large.
 *
 * Mermaid's grammar has no escapes, so names keep letters, digits, `_`, `-` and `.`, and anything else in them
 * becomes `_`. What the picture says in addition stands in quotes and is made of words of ours and such names.
 */
export function diagramOf(
  from: Schema,
  wanted: Schema,
  renames: Renames = NO_RENAMES,
): string | null {
  const to = withKeptNames(from, wanted, openRenames(from, wanted, renames))
  const changed = changedTables(from, to)
  if (changed.length === 0) return ''
  for (const detail of DETAILS) {
    const text = draw(changed, { from, to, renames, ...detail })
    if (text !== null) return text
  }
  return null
}

/** Stands for a diagram that does not fit, or that nobody could read. */
export const DIAGRAM_TOO_LARGE = md`Too many tables change for a diagram of them.`

/** What {@link diagramOf} made, folded away. */
export function renderDiagram(diagram: string | null): Markdown {
  if (diagram === null) return DIAGRAM_TOO_LARGE
  if (diagram === '') return NOTHING
  return details(md`Diagram of the changed tables and their neighbours`, fence('mermaid', diagram))
}

type Detail = { readonly neighbours: boolean; readonly allColumns: boolean }

/** How much is shown; what is too large is tried again with less. */
const DETAILS: readonly Detail[] = [
  { neighbours: true, allColumns: true },
  { neighbours: true, allColumns: false },
  { neighbours: false, allColumns: false },
]

type Scope = Detail & {
  readonly from: Schema
  readonly to: Schema
  readonly renames: Renames
}

/** A table on both sides; one that is created or dropped is on one of them only. */
type Sides = { readonly before: Table | null; readonly after: Table | null }

type Entity = Sides & { readonly name: string; readonly isNeighbour: boolean }

function changedTables(from: Schema, to: Schema): Entity[] {
  const names = new Set([...from.tables.keys(), ...to.tables.keys()])
  return [...names]
    .map((name) => entityOf(name, { from, to, isNeighbour: false }))
    .filter(({ before, after }) => before?.sql !== after?.sql)
    .sort(byName)
}

type Place = { readonly from: Schema; readonly to: Schema; readonly isNeighbour: boolean }

function entityOf(name: string, { from, to, isNeighbour }: Place): Entity {
  const before = from.tables.get(name) ?? null
  return { name, before, after: to.tables.get(name) ?? null, isNeighbour }
}

function byName(one: Entity, other: Entity): number {
  return one.name < other.name ? -1 : 1
}

/** Null when it is too large. */
function draw(changed: readonly Entity[], scope: Scope): string | null {
  const entities = scope.neighbours ? [...changed, ...neighboursOf(changed, scope)] : changed
  if (entities.length > MOST.tables) return null
  const labels = labelsOf(entities)
  const lines = relationsOf(entities, labels)
  if (lines.length > MOST.lines) return null
  const text = [
    'erDiagram',
    ...entities.flatMap((entity) => block(entity, labels, scope)),
    ...lines,
  ]
  const whole = text.join('\n')
  return whole.length > MOST.characters ? null : whole
}

/** The parents and children of the changed tables, in the schema of either side. */
function neighboursOf(changed: readonly Entity[], { from, to }: Scope): Entity[] {
  const known = new Set(changed.map(({ name }) => name))
  const ends = [...from.tables.values(), ...to.tables.values()].flatMap(({ name, foreignKeys }) =>
    foreignKeys.flatMap(parentOf).map((parent) => [name, parent]),
  )
  const found = new Set(ends.filter((pair) => pair.some((name) => known.has(name))).flat())
  return [...found]
    .filter((name) => !known.has(name))
    .map((name) => entityOf(name, { from, to, isNeighbour: true }))
    .filter(({ before, after }) => before !== null || after !== null)
    .sort(byName)
}

/** The parent, when it is a table of this schema. */
function parentOf({ parent, parentSchema }: ForeignKey): readonly string[] {
  return parentSchema === null ? [parent] : []
}

/** What each table is called in the picture: never the same for two of them. */
function labelsOf(entities: readonly Entity[]): ReadonlyMap<string, string> {
  const used = new Set<string>()
  const labels = new Map<string, string>()
  for (const entity of entities) {
    const name = plain(entity.name)
    let label = name
    for (let again = 2; used.has(label); again += 1) label = `${name}_${again}`
    used.add(label)
    labels.set(entity.name, `"${label}${markOf(entity)}"`)
  }
  return labels
}

function markOf({ before, after, isNeighbour }: Entity): string {
  if (isNeighbour) return ''
  if (!before) return ' (new)'
  return after ? ' (changed)' : ' (dropped)'
}

type Labels = ReadonlyMap<string, string>

function block(entity: Entity, labels: Labels, { allColumns, renames }: Scope): string[] {
  const label = labels.get(entity.name) ?? ''
  const all = attributesOf(entity, renames)
  const shown = fitting(allColumns && !entity.isNeighbour ? all : all.filter(matters))
  const left = all.length - shown.length
  const more = left > 0 && !entity.isNeighbour ? [`    and _${left}_more`] : []
  const lines = [...shown.map(attributeLine), ...more]
  return lines.length === 0 ? [`  ${label}`] : [`  ${label} {`, ...lines, '  }']
}

/** As many as fit, in their order: first of all what matters. */
function fitting(attributes: readonly Attribute[]): readonly Attribute[] {
  const ranked = [
    ...attributes.filter(matters),
    ...attributes.filter((attribute) => !matters(attribute)),
  ]
  const kept = new Set(ranked.slice(0, MOST.columns))
  return attributes.filter((attribute) => kept.has(attribute))
}

type Attribute = {
  readonly column: Column
  readonly keys: readonly string[]
  /** What becomes of it; empty when it stays as it is. */
  readonly comment: string
}

/** What is shown also where there is no room for the rest. */
function matters({ keys, comment }: Attribute): boolean {
  return keys.length > 0 || comment !== ''
}

/** The columns in their new order, then those that go. */
function attributesOf({ before, after, isNeighbour }: Entity, hints: Renames): Attribute[] {
  const table = after ?? before
  if (!table) return []
  const former = before && after && !isNeighbour ? before : null
  const renamed: ColumnRenames = former ? renamesOf(former, table, hints) : new Map()
  const kept = table.columns.map((column) => ({
    column,
    keys: keysOf(column, table),
    comment: former ? changeOf(column, former, renamed) : '',
  }))
  const gone =
    former?.columns.filter(
      ({ name }) => !hasColumn(table, name) && !renamed.has(name.toLowerCase()),
    ) ?? []
  return [
    ...kept,
    ...gone.map((column) => ({
      column,
      keys: keysOf(column, former ?? table),
      comment: 'dropped',
    })),
  ]
}

function hasColumn({ columns }: Table, wanted: string): boolean {
  return columns.some(({ name }) => name === wanted)
}

function changeOf(column: Column, former: Table, renamed: ColumnRenames): string {
  const before = former.columns.find(
    ({ name }) => (renamed.get(name.toLowerCase()) ?? name) === column.name,
  )
  if (!before) return 'new'
  const changes = [nameBefore(before, column), definitionBefore(before, column)]
  return changes.filter((change) => change !== '').join(', ')
}

function nameBefore(before: Column, { name }: Column): string {
  return before.name === name ? '' : `was named ${before.name}`
}

function definitionBefore(before: Column, column: Column): string {
  if (before.type !== column.type) return `was ${before.type}`
  if (before.nullable !== column.nullable) return before.nullable ? 'was nullable' : 'was NOT NULL'
  return before.definition === column.definition ? '' : 'changed'
}

function keysOf({ name }: Column, table: Table): string[] {
  const isIn = (kind: 'primary' | 'unique') =>
    table.keys.some((key) => key.kind === kind && columnsOf(key).includes(name))
  const isReference = table.foreignKeys.some(({ columns }) => columns.includes(name))
  return [
    ...(isIn('primary') ? ['PK'] : []),
    ...(isReference ? ['FK'] : []),
    ...(isIn('unique') ? ['UK'] : []),
  ]
}

function columnsOf({ parts }: Table['keys'][number]): string[] {
  return parts.flatMap((part) => (part.kind === 'column' ? [part.column] : []))
}

function attributeLine({ column, keys, comment }: Attribute): string {
  const name = word(column.name)
  const remarks = [isLegible(name, column) ? '' : column.name, comment].filter((one) => one !== '')
  const words = [word(typeOf(column)), name]
  if (keys.length > 0) words.push(keys.join(', '))
  if (remarks.length > 0) words.push(`"${remarks.map(remark).join(', ')}"`)
  return `    ${words.join(' ')}`
}

/** Whether the word says the name, but for a mark before it. */
function isLegible(shown: string, { name }: Column): boolean {
  return shown === name || shown === `_${name}`
}

/** The values of an ENUM say nothing in a picture and may be any text. */
function typeOf({ type }: Column): string {
  return /^(?:enum|set)\b/i.exec(type)?.[0] ?? type
}

/** The foreign keys that begin or end at a changed table: the parent on the left. */
function relationsOf(entities: readonly Entity[], labels: Labels): string[] {
  const neighbours = new Set(entities.flatMap((one) => (one.isNeighbour ? [one.name] : [])))
  return entities.flatMap((entity) =>
    referencesOf(entity).flatMap(({ foreignKey, table, mark }) => {
      const [parent] = parentOf(foreignKey)
      if (parent === undefined) return []
      const left = labels.get(parent)
      if (left === undefined || (entity.isNeighbour && neighbours.has(parent))) return []
      const right = labels.get(entity.name) ?? ''
      const columns = foreignKey.columns.map(plain).join(', ')
      return [`  ${left} ${arrowOf(foreignKey, table, mark)} ${right} : "${columns}${mark}"`]
    }),
  )
}

type Reference = {
  readonly foreignKey: ForeignKey
  readonly table: Table
  readonly mark: '' | ' (new)' | ' (dropped)'
}

/** The foreign keys of both sides, each once. */
function referencesOf({ before, after }: Entity): Reference[] {
  const isIn = (table: Table | null, { definition }: ForeignKey) =>
    table?.foreignKeys.some((one) => one.definition === definition) ?? false
  const references = (table: Table | null, other: Table | null, mark: Reference['mark']) =>
    (table?.foreignKeys ?? []).flatMap((foreignKey): Reference[] => {
      if (!table || !other) return table ? [{ foreignKey, table, mark: '' }] : []
      return [{ foreignKey, table, mark: isIn(other, foreignKey) ? '' : mark }]
    })
  const gone = references(before, after, ' (dropped)')
  return [
    ...references(after, before, ' (new)'),
    ...(after ? gone.filter(({ mark }) => mark !== '') : gone),
  ]
}

/** A dashed line goes; a circle says that there may be none. */
function arrowOf(foreignKey: ForeignKey, table: Table, mark: Reference['mark']): string {
  const isOptional = foreignKey.columns.some(
    (name) => table.columns.find((column) => column.name === name)?.nullable,
  )
  const isSingle = [primaryKeyOf(table), ...table.keys].some(
    (key) => key && isUniqueOver(key, foreignKey.columns),
  )
  const line = mark === ' (dropped)' ? '..' : '--'
  return `${isOptional ? '|o' : '||'}${line}${isSingle ? 'o|' : 'o{'}`
}

function isUniqueOver(key: Table['keys'][number], columns: readonly string[]): boolean {
  if (key.kind !== 'primary' && key.kind !== 'unique') return false
  const own = columnsOf(key)
  return own.length === columns.length && own.every((name) => columns.includes(name))
}

/** A server's names have at most 64 characters. */
const LONGEST = 64

/**
 * A word of the grammar of attributes: `decimal(10_2)`. Letters of other alphabets are words in Mermaid 11.12, not yet
 * in 11.4, and nobody says which one GitHub has.
 */
function word(untrusted: string): string {
  const safe = untrusted.replace(/[^\w()-]/gu, '_').slice(0, LONGEST)
  // A word begins with a letter, and what begins as the name of a key is one, in either case.
  return /^(?:[^a-z_]|(?:pk|fk|uk)(?!\w)|$)/i.test(safe) ? `_${safe}` : safe
}

/** A name between quotes. */
function plain(untrusted: string): string {
  return shorten(mapped(untrusted, /[\w.-]/), LONGEST) || '_'
}

/** Words between quotes, of which some are a stranger's. */
function remark(untrusted: string): string {
  return shorten(mapped(untrusted, /[\w.,()' -]/), LONGEST)
}

/** Letters of other alphabets stay; all else but `allowed` becomes `_`. */
function mapped(untrusted: string, allowed: RegExp): string {
  return untrusted.replace(/./gsu, (char) =>
    allowed.test(char) || (char >= '\u00c0' && /[\p{L}\p{M}\p{N}]/u.test(char)) ? char : '_',
  )
}
