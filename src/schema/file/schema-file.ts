import { readDump } from '../migrations/dump-tables.ts'
import { type CreateTable, checkSchemaFile } from './allow-list.ts'
import { isDump } from './dump.ts'

/**
 * The tables of one file of a schema folder: one that a person writes, or a dump of tables.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file, line and column of the first thing refused.
 */
export function readSchemaFile(text: string, file: string): CreateTable[] {
  return isDump(text) ? readDump(text, file) : checkSchemaFile(text, file)
}
