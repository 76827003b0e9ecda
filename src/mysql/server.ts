import { sql } from 'kysely'
import { ERRNO, errnoOf } from './errno.ts'
import type { Session } from './session.ts'

export type Flavour = 'mysql' | 'mariadb'

/** What a server is. What it can do is asked of the server itself, not read from its version. */
export type Server = {
  readonly flavour: Flavour
  /** As the server says it, for people: `9.7.0`, `10.11.14-MariaDB-…`. */
  readonly version: string
}

/** Which server `session` is connected to. */
export async function readServer(session: Session): Promise<Server> {
  const row = await session.row(
    sql<{
      version: string
      comment: string
    }>`SELECT @@version AS version, @@version_comment AS comment`,
  )
  const version = row?.version ?? ''
  const flavour = /mariadb/i.test(`${version} ${row?.comment}`) ? 'mariadb' : 'mysql'
  return { flavour, version }
}

/** The server's variables of these names, in lower case; a name it does not know is absent. */
export async function readVariables(
  session: Session,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows(
    sql<{
      Variable_name: string
      Value: string
    }>`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${sql.join(names)})`,
  )
  return new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]))
}

/** What tells a server from any other one: its UUID, or its id where it has none (MariaDB). */
export async function readServerIdentity(session: Session): Promise<string> {
  const variables = await readVariables(session, ['server_uuid', 'server_id'])
  return variables.get('server_uuid') ?? variables.get('server_id') ?? ''
}

/**
 * The binlog's end: file and offset of the next event, and MySQL's executed GTID set (empty on MariaDB
 * and where GTIDs are off); null when the server writes no binlog.
 * MySQL 8.4 renamed the statement; MariaDB and older MySQL know only the old name.
 */
export async function readBinlogEnd(
  session: Session,
): Promise<{ readonly file: string; readonly offset: bigint; readonly executed: string } | null> {
  type Row = { File: string; Position: string | number; Executed_Gtid_Set?: string }
  let row: Row | null
  try {
    row = await session.row(sql<Row>`SHOW BINARY LOG STATUS`)
  } catch (error) {
    if (errnoOf(error) !== ERRNO.PARSE_ERROR) throw error
    row = await session.row(sql<Row>`SHOW MASTER STATUS`)
  }
  if (!row) return null
  return {
    file: row.File,
    offset: BigInt(row.Position),
    executed: (row.Executed_Gtid_Set ?? '').replaceAll('\n', ''),
  }
}
