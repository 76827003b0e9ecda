import { unreachable } from '../../errors.ts'
import { plainConstraintName } from '../../mysql/identifier.ts'
import { type Column, type Key, quoteName, type TableOption } from '../table.ts'
import { dropViewStatement, viewStatement } from '../view/view.ts'
import type { Clause, ColumnPosition } from './clause.ts'
import { type SchemaChange, tableOf } from './diff.ts'

/** A statement that changes one table or view. */
export type TableDdl = {
  readonly kind: SchemaChange['kind']
  readonly table: string
  /** Complete, without a semicolon. */
  readonly statement: string
}

/** The statement that makes `change`, for MySQL and MariaDB alike. */
export function ddlOf(change: SchemaChange): TableDdl {
  return { kind: change.kind, table: tableOf(change), statement: statementOf(change) }
}

/** Does the change throw data away: a table, a column that is not computed, or values that are computed from now on? */
export function dropsData(change: SchemaChange): boolean {
  switch (change.kind) {
    case 'create':
    case 'create_view':
    case 'replace_view':
    case 'drop_view':
      return false
    case 'drop':
      return true
    case 'alter':
      return change.clauses.some(dropsColumnData)
    default:
      return unreachable(change)
  }
}

function dropsColumnData(clause: Clause): boolean {
  if (clause.kind === 'drop_column') return clause.column.generated === null
  if (clause.kind !== 'modify_column') return false
  return clause.from.generated === null && clause.to.generated !== null
}

function statementOf(change: SchemaChange): string {
  switch (change.kind) {
    case 'create':
      return change.to.sql
    case 'drop':
      return `DROP TABLE ${quoteName(change.from.name)}`
    case 'alter':
      return alterOf(change.to.name, change.clauses)
    case 'create_view':
      return viewStatement(change.to, 'create')
    case 'replace_view':
      return viewStatement(change.to, 'replace')
    case 'drop_view':
      return dropViewStatement(change.from)
    default:
      return unreachable(change)
  }
}

/** Partitions come last and without a comma: the grammar of both servers wants it so. */
function alterOf(table: string, clauses: readonly Clause[]): string {
  const isPartition = ({ kind }: Clause) =>
    kind === 'remove_partitions' || kind === 'set_partitions' || kind === 'change_partitions'
  const texts = clauses.filter((clause) => !isPartition(clause)).map(clauseText)
  const tail = clauses.filter(isPartition).map(clauseText)
  const separator = texts.length + tail.length > 1 ? '\n  ' : ' '
  const parts = [texts.join(`,${separator}`), ...tail].filter((text) => text !== '')
  return `ALTER TABLE ${quoteName(table)}${separator}${parts.join(separator)}`
}

function clauseText(clause: Clause): string {
  switch (clause.kind) {
    case 'drop_column':
      return `DROP COLUMN ${quoteName(clause.column.name)}`
    case 'add_column':
      return `ADD COLUMN ${columnText(clause.column)}${positionText(clause.position)}`
    case 'modify_column':
      return `${modifyText(clause.from, clause.to)}${positionText(clause.position)}`
    case 'drop_key':
      return dropKeyText(clause.key)
    case 'add_key':
      return `ADD ${clause.key.definition}`
    case 'rename_key':
      return `RENAME KEY ${quoteName(clause.from.name)} TO ${quoteName(clause.key.name)}`
    case 'hide_key':
      return `ALTER INDEX ${quoteName(clause.key.name)} ${clause.word}`
    case 'show_key':
      return `ALTER INDEX ${quoteName(clause.key.name)} ${SHOW[clause.word]}`
    case 'drop_foreign_key':
      return `DROP FOREIGN KEY ${quoteName(clause.foreignKey.serverName)}`
    case 'add_foreign_key':
      return `ADD ${clause.foreignKey.definition}`
    case 'drop_check':
      return `DROP ${clause.word} ${quoteName(clause.check.serverName)}`
    case 'add_check':
      return `ADD ${clause.check.definition}`
    case 'drop_period':
      return `DROP PERIOD FOR ${clause.period.name === '' ? 'SYSTEM_TIME' : quoteName(clause.period.name)}`
    case 'add_period':
      return `ADD ${clause.period.definition}`
    case 'set_option':
      return setText(clause.option)
    case 'reset_option':
      return resetText(clause.option)
    case 'remove_partitions':
      return 'REMOVE PARTITIONING'
    case 'set_partitions':
      return clause.partition
    case 'change_partitions':
      return clause.text
    default:
      return unreachable(clause)
  }
}

const SHOW = { INVISIBLE: 'VISIBLE', IGNORED: 'NOT IGNORED' } as const

function columnText({ name, definition }: Column): string {
  return `${quoteName(name)} ${definition}`
}

function modifyText(from: Column, to: Column): string {
  return from.name === to.name
    ? `MODIFY COLUMN ${columnText(to)}`
    : `CHANGE COLUMN ${quoteName(from.name)} ${columnText(to)}`
}

function positionText(position: ColumnPosition): string {
  switch (position.kind) {
    case 'default':
      return ''
    case 'first':
      return ' FIRST'
    case 'after':
      return ` AFTER ${quoteName(position.column)}`
    default:
      return unreachable(position)
  }
}

function dropKeyText({ kind, name }: Key): string {
  return kind === 'primary' ? 'DROP PRIMARY KEY' : `DROP KEY ${quoteName(name)}`
}

function setText({ name, definition }: TableOption): string {
  return name === 'SYSTEM VERSIONING' ? 'ADD SYSTEM VERSIONING' : definition
}

/** How an option goes back to its default, where `NAME=DEFAULT` is not the way. */
const RESETS: Readonly<Record<string, string>> = {
  AUTOEXTEND_SIZE: 'AUTOEXTEND_SIZE=0',
  AVG_ROW_LENGTH: 'AVG_ROW_LENGTH=0',
  CHECKSUM: 'CHECKSUM=0',
  COMMENT: "COMMENT=''",
  COMPRESSION: "COMPRESSION=''",
  DELAY_KEY_WRITE: 'DELAY_KEY_WRITE=0',
  ENCRYPTION: "ENCRYPTION='N'",
  KEY_BLOCK_SIZE: 'KEY_BLOCK_SIZE=0',
  MAX_ROWS: 'MAX_ROWS=0',
  MIN_ROWS: 'MIN_ROWS=0',
  'SYSTEM VERSIONING': 'DROP SYSTEM VERSIONING',
  TABLESPACE: 'TABLESPACE innodb_file_per_table',
  TRANSACTIONAL: 'TRANSACTIONAL=0',
}

function resetText({ name }: TableOption): string {
  return RESETS[name] ?? `${name}=DEFAULT`
}

/**
 * A statement of {@link ddlOf} with the names that people gave constraints: a deployment leaves a tag after them, which
 * changes nothing of what the statement does.
 */
export function withoutTags(statement: string): string {
  return statement.replace(
    /(\bDROP (?:FOREIGN KEY|CONSTRAINT) `)((?:[^`]|``)*)(?=`)/g,
    (_, words: string, name: string) => `${words}${plainConstraintName(name)}`,
  )
}
