import { sql } from 'kysely'
import type { DiskEstimate } from '../deploy/forecast.ts'
import { readVariables } from '../mysql/server.ts'
import type { Reader } from './reader.ts'

/** What all operations share: whether changes are logged, and what is free. */
export type DiskState = { readonly logs: boolean; readonly free: number | null }

/** What is free where the server keeps its data: only MariaDB can be asked, and only with its DISKS plugin and FILE. */
export async function readDiskState(reader: Reader): Promise<DiskState> {
  const variables = await readVariables(reader.session, ['log_bin'])
  const logs = variables.get('log_bin') === 'ON'
  if (reader.flavour === 'mysql') return { logs, free: null }
  const answer = await reader.ask(sql<{ free: string | number | null }>`
    SELECT Available * 1024 AS free FROM information_schema.DISKS
    WHERE LEFT(@@datadir, LENGTH(Path)) = Path ORDER BY LENGTH(Path) DESC LIMIT 1`)
  const free = answer.kind === 'rows' ? (answer.rows[0]?.free ?? null) : null
  return { logs, free: free === null ? null : Number(free) }
}

/** What a copy of a table takes: as much again, and its rows once more in the log, which holds no index. */
export function diskFor(
  { bytes, dataBytes }: { readonly bytes: number; readonly dataBytes: number },
  { logs, free }: DiskState,
): DiskEstimate {
  return { newTable: bytes, oldTable: bytes, log: logs ? dataBytes : 0, free }
}
