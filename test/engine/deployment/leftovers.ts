import { sql } from 'kysely'
import type { Session } from '../../../src/mysql/session.ts'

/** The tables of the session's schema. */
export async function tableNames(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME`)
  return rows.map(({ name }) => name)
}

/** How many deployments of the schema the server still takes for running. */
export async function unfinished(session: Session, schema: string): Promise<number> {
  const there = await session.row(sql`SELECT 1 FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = '_crossfade' AND TABLE_NAME = 'deployment'`)
  if (!there) return 0
  const rows = await session.rows(
    sql`SELECT id FROM _crossfade.deployment WHERE schema_name = ${schema} AND outcome IS NULL`,
  )
  return rows.length
}

/** A number that changes when a row of `t` does. */
export async function checksum(session: Session): Promise<string> {
  const row = await session.row(sql<{ Checksum: string }>`CHECKSUM TABLE t`)
  return String(row?.Checksum)
}
