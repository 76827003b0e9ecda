import { type RawBuilder, sql } from 'kysely'
import { type Key, keyId } from '../../binlog/key.ts'
import { Refusal } from '../../errors.ts'
import type { Session } from '../../mysql/session.ts'
import { keyIn, readKey, sameKey, selectKey, tableByKey } from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { comparable, isRetyped, rowHash } from './row-hash.ts'

type HashedRow = Readonly<Record<string, unknown>> & { readonly hash: string }

/** What follows FROM: the rows of one side that are to be compared. */
export type RowsOf = (side: 'source' | 'target') => RawBuilder<unknown>

/** The rows with these keys. */
export function rowsByKey(
  pair: TablePair,
  side: 'source' | 'target',
  keys: readonly Key[],
): RawBuilder<unknown> {
  return sql`${tableByKey(pair, side)} WHERE ${keyIn(pair, side, keys)}`
}

/** The keys of the rows that `rowsOf` selects on either side and that are not equal on both. */
export async function differingKeys(
  session: Session,
  pair: TablePair,
  rowsOf: RowsOf,
  lockSource: RawBuilder<unknown>,
): Promise<readonly Key[]> {
  const hashed = async (side: 'source' | 'target') => {
    const key = selectKey(pair, side)
    const lock = side === 'source' ? lockSource : sql``
    const rows = await session.rows(sql<HashedRow>`
      SELECT ${key}, CAST(${rowHash(pair, side)} AS CHAR) AS hash FROM ${rowsOf(side)} ${lock}`)
    return new Map(
      rows.map((row) => {
        const found = readKey(pair, row)
        return [keyId(found), { key: found, hash: row.hash }]
      }),
    )
  }
  const source = await hashed('source')
  const target = await hashed('target')
  const all = new Map([...target, ...source])
  return [...all]
    .filter(([id]) => source.get(id)?.hash !== target.get(id)?.hash)
    .map(([, { key }]) => key)
}

/** Says in which columns the rows differ: in those whose type changes, the change itself alters the values. */
export async function driftRefusal(
  session: Session,
  pair: TablePair,
  drifted: readonly Key[],
): Promise<Refusal> {
  const counts = pair.columns.map(
    (
      column,
      index,
    ) => sql`SUM(NOT (${comparable(pair, column, 'source')} <=> ${comparable(pair, column, 'target')}))
      AS ${sql.id(`c${index}`)}`,
  )
  const row = await session.row(sql<Record<string, string | null>>`
    SELECT ${sql.join(counts)} FROM ${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')}
      ON ${sameKey(pair)} WHERE ${keyIn(pair, 'source', drifted.slice(0, 200))}`)
  const columns = pair.columns.filter((_, index) => Number(row?.[`c${index}`] ?? 0) > 0)
  const names = columns.map(({ from }) => from.name).join(', ')
  const altered = columns.length > 0 && columns.every(isRetyped)
  const table = pair.source.name
  const age = pair.write === 'update_insert' ? 'old' : 'new'
  if (altered) {
    return new Refusal(
      'VALUE_DOES_NOT_FIT',
      `The ${age} type of ${names} in ${table} would change values (first seen in ${drifted.length} rows).`,
      { next: `Choose a type for ${names} that keeps every value, or change the values first.` },
    )
  }
  return new Refusal(
    'DRIFT_FOUND',
    `${drifted.length} rows of ${table} and its copy differ${names ? ` in ${names}` : ''}, and no pending change explains it.`,
    { next: 'Report this as a defect of Crossfade; the live table is untouched.' },
  )
}
