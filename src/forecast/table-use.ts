import { sql } from 'kysely'
import type { TableUse } from '../deploy/forecast.ts'
import type { Answer, Reader } from './reader.ts'

type Counts = { readonly reads: string | number | null; readonly writes: string | number | null }
type Count = { readonly n: string | number | null }

const UNKNOWN: TableUse = {
  reads: null,
  writes: null,
  withinSeconds: null,
  lastWriteSeconds: null,
  reason: null,
}

/**
 * How much a table was read and written, as far as the server counts. To be asked before anything else is read from it:
 * our own reading counts too.
 */
export async function readTableUse(
  reader: Reader,
  schema: string,
  table: string,
): Promise<TableUse> {
  const counted = await readCounts(reader, schema, table)
  const lastWriteSeconds = await readLastWrite(reader, schema, table)
  if (counted.kind === 'none' && lastWriteSeconds === null) {
    return { ...UNKNOWN, reason: counted.reason }
  }
  if (counted.kind === 'none') return { ...UNKNOWN, lastWriteSeconds }
  const [row] = counted.rows
  return {
    ...UNKNOWN,
    reads: Number(row?.reads ?? 0),
    writes: Number(row?.writes ?? 0),
    withinSeconds: await readUptime(reader),
    lastWriteSeconds,
  }
}

async function readCounts(reader: Reader, schema: string, table: string): Promise<Answer<Counts>> {
  const instrumented = await readInstrumented(reader, schema, table)
  if (instrumented.kind === 'rows' || reader.flavour === 'mysql') return instrumented
  const on = await reader.ask(sql<Count>`SELECT @@userstat AS n`)
  if (on.kind === 'none' || Number(on.rows[0]?.n ?? 0) !== 1) {
    return { kind: 'none', reason: 'the server does not count it (userstat is OFF)' }
  }
  return await reader.ask(sql<Counts>`SELECT SUM(ROWS_READ) AS \`reads\`, SUM(ROWS_CHANGED) AS writes
    FROM information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${table}`)
}

/** The performance schema’s counters; its instruments can be off. */
async function readInstrumented(
  reader: Reader,
  schema: string,
  table: string,
): Promise<Answer<Counts>> {
  const instrument = await reader.ask(sql<Count>`SELECT COUNT(*) AS n
    FROM performance_schema.setup_instruments
    WHERE NAME = 'wait/io/table/sql/handler' AND ENABLED = 'YES' AND @@performance_schema = 1`)
  if (instrument.kind === 'none') return instrument
  if (Number(instrument.rows[0]?.n ?? 0) === 0) {
    return { kind: 'none', reason: 'the server does not count it (performance_schema is off)' }
  }
  return await reader.ask(sql<Counts>`SELECT COUNT_READ AS \`reads\`, COUNT_WRITE AS writes
    FROM performance_schema.table_io_waits_summary_by_table
    WHERE OBJECT_SCHEMA = ${schema} AND OBJECT_NAME = ${table}`)
}

/** InnoDB remembers it until the server is restarted. */
async function readLastWrite(
  reader: Reader,
  schema: string,
  table: string,
): Promise<number | null> {
  const answer = await reader.ask(sql<Count>`SELECT TIMESTAMPDIFF(SECOND, UPDATE_TIME, NOW()) AS n
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${table}`)
  const seconds = answer.kind === 'rows' ? (answer.rows[0]?.n ?? null) : null
  return seconds === null ? null : Math.max(0, Number(seconds))
}

async function readUptime(reader: Reader): Promise<number | null> {
  const answer = await reader.ask(sql<{ Value: string }>`SHOW GLOBAL STATUS LIKE 'Uptime'`)
  return answer.kind === 'rows' ? Number(answer.rows[0]?.Value ?? 0) || null : null
}
