import { isProbablyInstant } from '../lint/instant-clause.ts'
import type { Clause } from '../schema/diff/clause.ts'
import { type SchemaChange, tableOf } from '../schema/diff/diff.ts'
import { quoteName } from '../schema/table.ts'

/** Whether the server could change the table without writing its rows anew. */
export type Instant = {
  /** `yes` and `no` were asked of a server; `probably` and `unlikely` are concluded from the manual's rules. */
  readonly possible: 'yes' | 'probably' | 'unlikely' | 'no'
  /** One sentence. */
  readonly why: string
}

/** What documentation says of it; null where nothing is altered. */
export function instantByRule(change: SchemaChange): Instant | null {
  if (change.kind !== 'alter') return null
  if (!isProbablyInstant(change)) {
    return { possible: 'unlikely', why: 'Servers do not change a table so without its rows.' }
  }
  return {
    possible: 'probably',
    why: `${sentenceOf(change)} The server can probably do that without copying: deployed with \`method=instant\` it takes effect at once, and cannot be reverted.`,
  }
}

/** Why a change runs as it does, in a sentence or two, for somebody who has never run one. */
export function reasonOf(change: SchemaChange, how: 'shadow' | 'instant' = 'shadow'): string {
  switch (change.kind) {
    case 'create':
      return 'A new table: nothing is there that would have to be copied.'
    case 'drop':
      return 'The table is renamed, not dropped at once, so that it can be taken back for a while.'
    case 'create_view':
    case 'replace_view':
      return 'The view is made right after the tables are swapped; no row is touched.'
    case 'drop_view':
      return 'The view is dropped; it holds no rows of its own.'
    default:
      if (how === 'instant') return `${sentenceOf(change)} The server does that without copying.`
      return `${sentenceOf(change)} Rows are copied into a new table beside the live one, which can be reverted.`
  }
}

const MOST_PARTS = 4

function sentenceOf(change: Extract<SchemaChange, { readonly kind: 'alter' }>): string {
  const parts = [...new Set(change.clauses.map(partOf))]
  const left = parts.length - MOST_PARTS
  const shown = left > 0 ? [...parts.slice(0, MOST_PARTS), `${left} more`] : parts
  if (shown.length === 0) return `${quoteName(tableOf(change))} changes.`
  const text = shown.join(', ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function partOf(clause: Clause): string {
  switch (clause.kind) {
    case 'add_column':
      return `adds the column ${quoteName(clause.column.name)}${placeOf(clause)}`
    case 'drop_column':
      return `drops the column ${quoteName(clause.column.name)}`
    case 'modify_column':
      return modification(clause)
    case 'add_key':
      return `builds the index ${quoteName(clause.key.name)} over all rows`
    case 'drop_key':
      return `drops the index ${quoteName(clause.key.name)}`
    case 'hide_key':
      return `hides the index ${quoteName(clause.key.name)} from queries`
    case 'show_key':
      return `shows the index ${quoteName(clause.key.name)} to queries again`
    case 'add_foreign_key':
      return `adds the foreign key ${quoteName(clause.foreignKey.name)}`
    case 'drop_foreign_key':
      return `drops the foreign key ${quoteName(clause.foreignKey.name)}`
    case 'add_check':
      return `adds the CHECK ${quoteName(clause.check.name)}`
    case 'drop_check':
      return `drops the CHECK ${quoteName(clause.check.name)}`
    case 'set_partitions':
    case 'remove_partitions':
      return 'distributes the rows anew over partitions'
    default:
      return 'changes options of the table'
  }
}

function placeOf({ position }: Extract<Clause, { readonly kind: 'add_column' }>): string {
  switch (position.kind) {
    case 'first':
      return ' in front of all others'
    case 'after':
      return ` after ${quoteName(position.column)}`
    default:
      return ' at the end'
  }
}

function modification({ from, to }: Extract<Clause, { readonly kind: 'modify_column' }>): string {
  const name = quoteName(from.name)
  if (from.name !== to.name) return `renames the column ${name} to ${quoteName(to.name)}`
  if (from.type !== to.type) {
    return `changes the type of ${name} from ${shortType(from.type)} to ${shortType(to.type)}`
  }
  if (from.nullable !== to.nullable) return `makes ${name} ${to.nullable ? 'NULL' : 'NOT NULL'}`
  return `changes what ${name} is besides its type`
}

/** The values of an ENUM are many, and may be anything. */
function shortType(type: string): string {
  return type.replace(/^(enum|set)\(.*$/is, '$1(…)').toUpperCase()
}
