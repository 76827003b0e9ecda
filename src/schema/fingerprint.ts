import { createHash } from 'node:crypto'
import { schemaOf, schemaToSql } from './parse.ts'
import type { Schema } from './table.ts'

/**
 * A schema's hash, in hex: equal exactly for schemas with equal tables and views, in whatever order they and keys were
 * made. Only schemas read from servers of one family and version can be equal.
 */
export function fingerprintSchema(schema: Schema): string {
  const sorted = schemaOf([...schema.tables.values()], [...schema.views.values()])
  const definitions = schemaToSql(sorted)
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(definitions)))
    .digest('hex')
}
