import ZongJi, {
  type BinlogEvent,
  type RowData,
  type RowsEvent,
  type UpdateRowData,
} from '@vlasky/zongji'
import type { Target } from '../../src/mysql/connect.ts'

/** A changed row as the peer gives it: of an insert or a delete one image, of an update that before and that after. */
export type PeerChange = { readonly table: string; readonly images: readonly RowData[] }

/** Reads what changed in a schema with a reader that is not ours, from a place on until a row of the table `until`. */
export async function readWithPeer(
  target: Target,
  from: { readonly file: string; readonly offset: bigint },
  until: string,
): Promise<readonly PeerChange[]> {
  const { host, port, user, password, schema } = target
  const peer = new ZongJi({ host, port, user, password, dateStrings: true, timezone: 'Z' })
  const changes: PeerChange[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  peer.on('error', reject)
  peer.on('binlog', (event) => {
    const found = changesOf(event)
    if (found.some(({ table }) => table === until)) resolve()
    else changes.push(...found)
  })
  peer.start({
    serverId: 4_000_000_000,
    filename: from.file,
    position: Number(from.offset),
    includeEvents: ['rotate', 'tablemap', 'writerows', 'updaterows', 'deleterows'],
    includeSchema: { [schema ?? '']: true },
  })
  try {
    await promise
    return changes
  } finally {
    peer.stop()
  }
}

function changesOf(event: BinlogEvent): readonly PeerChange[] {
  if (!isRowsEvent(event)) return []
  const table = event.tableMap[event.tableId]?.tableName
  if (table === undefined) throw new Error('rows of a table without a name')
  return event.rows.map((row) => ({ table, images: imagesOf(row) }))
}

type AnyRow = RowData | UpdateRowData

function isRowsEvent(event: BinlogEvent): event is RowsEvent & { readonly rows: AnyRow[] } {
  return /^(write|update|delete)rows$/.test(event.getEventName())
}

function imagesOf(row: AnyRow): readonly RowData[] {
  // Sound: no table of these tests has columns of these names, so only an update has them.
  return 'before' in row && 'after' in row
    ? [row.before, row.after].map((one) => one as RowData)
    : [row]
}
