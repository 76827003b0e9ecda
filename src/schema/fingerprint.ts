import { createHash } from 'node:crypto'
import { schemaOf, schemaToSql } from './parse.ts'
import type { Schema } from './table.ts'

/**
 * A schema's hash, in hex: equal exactly for schemas with equal tables, in whatever order tables and keys were
 * made. Only schemas read from servers of one family and version can be equal.
 */
export function fingerprintSchema(schema: Schema): string {
  const tables = schemaToSql(schemaOf([...schema.tables.values()]))
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(tables)))
    .digest('hex')
}
