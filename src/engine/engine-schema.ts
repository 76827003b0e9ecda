import { sql } from 'kysely'
import { dictionaryRows } from '../mysql/dictionary.ts'
import { ERRNO, errnoOf } from '../mysql/errno.ts'
import { ENGINE_SCHEMA } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'

/** What came to the engine's tables after their first version, by table and column, as ALTER TABLE … ADD takes it. */
const LATER_COLUMNS = [
  ['deployment', 'views', sql`LONGTEXT CHARACTER SET utf8mb4 NULL`],
  ['deployment', 'views_changed', sql`BOOLEAN NOT NULL DEFAULT FALSE`],
  ['deployment', 'ending', sql`VARCHAR(10) CHARACTER SET ascii NULL`],
  ['deployment', 'revert_impossible', sql`TEXT CHARACTER SET utf8mb4 NULL`],
  ['deployment', 'copy_ends', sql`LONGTEXT CHARACTER SET utf8mb4 NULL`],
] as const

/** Tables that came later, by a column of each. */
const LATER_TABLES = [
  ['foreign_key', 'definitions'],
  ['instant', 'definition_before'],
  ['quarantine', 'keep_until'],
] as const

/**
 * Whether the engine has its tables on the server. Those that an earlier version has made are completed first, so that
 * whoever reads them finds what this version writes.
 */
export async function openEngineSchema(session: Session): Promise<boolean> {
  const columns = await readColumns(session)
  if (!columns.has('deployment.id')) return false
  if (!isComplete(columns)) await prepareEngineSchema(session)
  return true
}

/** Creates the engine's schema and tables where they are missing, and adds what is missing in them. */
export async function prepareEngineSchema(session: Session): Promise<void> {
  const columns = await readColumns(session)
  if (isComplete(columns)) return
  await createTables(session)
  if (!columns.has('deployment.id')) return
  for (const [table, column, type] of LATER_COLUMNS) {
    if (columns.has(`${table}.${column}`)) continue
    try {
      await session.run(
        sql`ALTER TABLE ${sql.id(ENGINE_SCHEMA, table)} ADD COLUMN ${sql.id(column)} ${type}`,
      )
    } catch (error) {
      // Another process was quicker.
      if (errnoOf(error) !== ERRNO.DUPLICATE_COLUMN) throw error
    }
  }
}

/** `table.column` of all that is there. */
async function readColumns(session: Session): Promise<ReadonlySet<string>> {
  const question = sql<{ tableName: string; columnName: string }>`
    SELECT TABLE_NAME AS tableName, COLUMN_NAME AS columnName FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = ${ENGINE_SCHEMA}`
  const rows = await dictionaryRows(session, question)
  return new Set(rows.map(({ tableName, columnName }) => `${tableName}.${columnName}`))
}

function isComplete(columns: ReadonlySet<string>): boolean {
  return (
    columns.has('deployment.id') &&
    [...LATER_COLUMNS, ...LATER_TABLES].every(([table, column]) =>
      columns.has(`${table}.${column}`),
    )
  )
}

async function createTables(session: Session): Promise<void> {
  await session.run(sql`CREATE DATABASE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA)}`)
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA, 'deployment')} (
    id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    stage VARCHAR(10) CHARACTER SET ascii NOT NULL,
    outcome VARCHAR(10) CHARACTER SET ascii NULL,
    ending VARCHAR(10) CHARACTER SET ascii NULL,
    failure TEXT CHARACTER SET utf8mb4 NULL,
    request LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    position TEXT CHARACTER SET utf8mb4 NOT NULL,
    server VARCHAR(64) CHARACTER SET ascii NOT NULL,
    after_fence BOOLEAN NOT NULL DEFAULT FALSE,
    revert_until DATETIME(3) NULL,
    revert_impossible TEXT CHARACTER SET utf8mb4 NULL,
    copy_ends LONGTEXT CHARACTER SET utf8mb4 NULL,
    views LONGTEXT CHARACTER SET utf8mb4 NULL,
    views_changed BOOLEAN NOT NULL DEFAULT FALSE,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
  ) ENGINE=InnoDB`)
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA, 'chunk')} (
    deployment_id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    number BIGINT UNSIGNED NOT NULL,
    up_to TEXT CHARACTER SET ascii NULL,
    row_count BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (deployment_id, table_name, number)
  ) ENGINE=InnoDB`)
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA, 'barrier')} (
    deployment_id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    number BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (deployment_id, number)
  ) ENGINE=InnoDB`)
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA, 'foreign_key')} (
    deployment_id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    definitions LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    PRIMARY KEY (deployment_id, table_name)
  ) ENGINE=InnoDB`)
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA, 'instant')} (
    deployment_id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    definition_before VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    definition_after VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    PRIMARY KEY (deployment_id, table_name)
  ) ENGINE=InnoDB`)
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA, 'quarantine')} (
    schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    deployment_id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    keep_until DATETIME(3) NOT NULL,
    PRIMARY KEY (schema_name, table_name)
  ) ENGINE=InnoDB`)
}
