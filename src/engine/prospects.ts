import { findHolders, findTransactions } from '../mysql/locks.ts'
import type { Session } from '../mysql/session.ts'
import { readTableSizes } from '../mysql/table-size.ts'
import type { EngineRequest, LongTransaction, Prospects } from './port.ts'

/** How old a transaction is that is worth a word: a try of a cutover takes a few seconds. */
const LONG_SECONDS = 60

/** What a deployment will take, and what its cutover would have to wait for; no table is read for it. */
export async function readProspects(
  session: Session,
  schema: string,
  request: Pick<EngineRequest, 'method' | 'operations'>,
  longSeconds: number = LONG_SECONDS,
): Promise<Omit<Prospects, 'instant'>> {
  const transactions = await findOpenTransactions(session, schema, request)
  return {
    disk: await readDisk(session, schema, request),
    transactions: transactions.filter(({ seconds }) => seconds >= longSeconds),
  }
}

async function readDisk(
  session: Session,
  schema: string,
  { method, operations }: Pick<EngineRequest, 'method' | 'operations'>,
): Promise<Prospects['disk']> {
  const sizes = await readTableSizes(session, schema)
  const copied = method === 'shadow' ? operations.filter(({ kind }) => kind === 'alter') : []
  const found = copied.flatMap(({ table }) => sizes.get(table) ?? [])
  return {
    copies: found.reduce((sum, { bytes }) => sum + bytes, 0),
    log: found.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
  }
}

/** Those that use a table of the deployment; where the server does not tell which they use, the oldest ones. */
async function findOpenTransactions(
  session: Session,
  schema: string,
  { operations }: Pick<EngineRequest, 'operations'>,
): Promise<readonly LongTransaction[]> {
  const tables = operations.filter(({ kind }) => kind !== 'create').map(({ table }) => table)
  if (tables.length === 0) return []
  const own = new Set<number>()
  const holders = await findHolders(session, { schema, tables, own })
  const told = holders.flatMap(({ seconds, ...holder }) =>
    seconds === null ? [] : [{ ...holder, seconds }],
  )
  if (told.length > 0) return told
  const open = await findTransactions(session, own)
  return open.map((transaction) => ({ ...transaction, table: null, statement: null }))
}
