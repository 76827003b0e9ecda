/**
 * Tables in which migration tools remember what they have run. They belong to the tool, not to the schema: nobody writes them
 * into a schema file, and every database that was migrated has one.
 */
const TABLES: ReadonlySet<string> = new Set([
  '__diesel_schema_migrations',
  '__drizzle_migrations',
  '_prisma_migrations',
  '_sqlx_migrations',
  'ar_internal_metadata',
  'atlas_schema_revisions',
  'flyway_schema_history',
  'goose_db_version',
  'gorp_migrations',
  'knex_migrations',
  'knex_migrations_lock',
  'schema_migrations',
])

/** Whether a table is the bookkeeping of a migration tool: such a table is never created, changed or dropped. */
export function isBookkeeping(table: string): boolean {
  return TABLES.has(table.toLowerCase())
}
