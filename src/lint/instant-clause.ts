import type { Clause } from '../schema/diff/clause.ts'
import type { TableChange } from '../schema/diff/diff.ts'
import type { Column } from '../schema/table.ts'
import { defaultOf, typeOf } from './column-type.ts'
import { isReordered, missingFrom } from './value-list.ts'

/**
 * Can the server probably make this change without touching rows? Only the server knows (the engine asks it before it
 * starts): versions differ, and MySQL counts such changes. So this says yes only to what MySQL 8.0.29 and MariaDB
 * 10.6 document as instant.
 */
export function isProbablyInstant(change: TableChange): boolean {
  if (change.kind !== 'alter' || change.clauses.length === 0) return false
  const options = change.to.options.map(({ definition }) => definition.toUpperCase()).join(' ')
  if (options.includes('COMPRESSED') || options.includes('SYSTEM VERSIONING')) return false
  const hasFulltext = [...change.from.keys, ...change.to.keys].some(
    ({ kind }) => kind === 'fulltext',
  )
  return !hasFulltext && change.clauses.every(isInstant)
}

function isInstant(clause: Clause): boolean {
  switch (clause.kind) {
    case 'add_column':
      return isInstantColumn(clause.column)
    case 'drop_column':
      return clause.column.generated !== 'stored'
    case 'modify_column':
      return clause.position.kind === 'default' && isInstantModify(clause.from, clause.to)
    default:
      return false
  }
}

function isInstantColumn(column: Column): boolean {
  if (column.generated === 'stored' || column.autoIncrement) return false
  const preset = defaultOf(column)
  return preset === null || preset.isLiteral || /^current_timestamp(?:\(\d?\))?$/i.test(preset.text)
}

/** Another name, another default, or values added at the end of an ENUM or SET; not two of these at once. */
function isInstantModify(from: Column, to: Column): boolean {
  if (from.generated !== null || to.generated !== null) return false
  if (from.name !== to.name) return from.definition === to.definition
  if (from.type === to.type) {
    const hasLiteral = [from, to].every((column) => defaultOf(column)?.isLiteral ?? true)
    return hasLiteral && from.nullable === to.nullable && bare(from) === bare(to)
  }
  const rest = (column: Column) => column.definition.slice(column.type.length)
  return rest(from) === rest(to) && isAppended(from, to)
}

function bare(column: Column): string {
  return (defaultOf(column)?.without ?? column.definition).replace(/\s+/g, ' ').trim()
}

function isAppended(from: Column, to: Column): boolean {
  const [before, after] = [typeOf(from), typeOf(to)]
  if (before.name !== after.name || (before.name !== 'enum' && before.name !== 'set')) return false
  const isKept = missingFrom(after.values, before.values).length === 0
  const bytes = (count: number) =>
    before.name === 'enum' ? Math.ceil(Math.log2(count + 1) / 8) : setBytes(count)
  return (
    isKept &&
    !isReordered(before.values, after.values) &&
    bytes(before.values.length) === bytes(after.values.length)
  )
}

/** 1, 2, 3, 4 or 8. */
function setBytes(count: number): number {
  const bytes = Math.ceil(count / 8)
  return bytes > 4 ? 8 : bytes
}
