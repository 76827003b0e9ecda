import { sql } from 'kysely'
import type { DurationEstimate, PastCopy } from '../deploy/forecast.ts'
import type { Table } from '../schema/table.ts'
import type { Reader } from './reader.ts'

/** How fast rows were read just now. */
export type Sample = { readonly rows: number; readonly ms: number }

/**
 * What a deployment takes however small the table is, in seconds: preparing, comparing, getting in sync. Measured with
 * 32,768 rows: 3.9 to 7.5 s on a machine with more work than cores.
 */
const AT_LEAST = { least: 2, guess: 4, most: 15 } as const

/**
 * How many times the reading of a row its copy and its comparison take together: on a server with nothing else to do
 * (least), as a guess, and beside an application that the copy gives way to (most). Measured with one index on an idle
 * MySQL: about 4 to 8 (20,000 rows read in 25 to 60 ms, the copy as in docs/benchmarks.md).
 */
const FACTOR = { least: 2, guess: 5, most: 20 } as const

/**
 * Rows per second, however fast they are read: MariaDB reads some hundred times as fast as it writes. Measured: 145,000
 * copied on an idle machine (docs/benchmarks.md), 17,000 copied and compared on one with five times more work than cores.
 */
const RATE = { least: 150_000, guess: 60_000, most: 8_000 } as const

/** A copy also writes every index. */
const PER_INDEX = 0.5

/** Of earlier deployments fewer than these say nothing about how much such times differ. */
const ENOUGH = 3
const UNKNOWN_SPREAD = 2

const SAMPLES = [2_000, 20_000, 100_000] as const
/** Less than this is mostly the way to the server and back. */
const LONG_ENOUGH_MS = 40

/** Reads some rows on the server, which tells nothing of them but how many there were. Null when it may not. */
export async function sampleRows(
  reader: Reader,
  schema: string,
  { name, columns }: Table,
): Promise<Sample | null> {
  const values = sql.join(columns.map((column) => sql.id(column.name)))
  let last: Sample | null = null
  for (const limit of SAMPLES) {
    const from = reader.clock.now().getTime()
    const answer = await reader.ask(sql<{ n: string | number }>`
      SELECT COUNT(hash) AS n FROM (SELECT CRC32(CONCAT_WS('#', ${values})) AS hash
        FROM ${sql.id(schema, name)} LIMIT ${sql.lit(limit)}) AS sample`)
    const ms = reader.clock.now().getTime() - from
    if (answer.kind === 'none') return last
    const rows = Number(answer.rows[0]?.n ?? 0)
    last = { rows, ms }
    if (ms >= LONG_ENOUGH_MS || rows < limit) break
  }
  return last
}

/** How long a table of `rows` rows takes, by a sample of them. */
export function durationBySample(
  { rows, indexes }: { readonly rows: number; readonly indexes: number },
  sample: Sample,
): DurationEstimate {
  const reading = (rows * Math.max(1, sample.ms)) / Math.max(1, sample.rows) / 1_000
  const seconds = (how: keyof typeof FACTOR) => {
    const work = Math.max(reading * FACTOR[how], rows / RATE[how]) * (1 + PER_INDEX * indexes)
    return Math.ceil(AT_LEAST[how] + work)
  }
  return {
    seconds: seconds('guess'),
    least: seconds('least'),
    most: seconds('most'),
    basis: 'sample',
    from:
      sample.rows === 0
        ? 'the table is empty'
        : `${sample.rows.toLocaleString('en')} rows were read in ${sample.ms} ms`,
  }
}

/** How long a table of `bytes` bytes takes, by what was copied before; null when nothing comparable was. */
export function durationByDeploys(
  bytes: number,
  past: readonly PastCopy[],
): DurationEstimate | null {
  const rates = past
    .filter((copy) => copy.bytes > 0 && copy.seconds > 0)
    .map((copy) => copy.seconds / copy.bytes)
    .toSorted((a, b) => a - b)
  const [fastest, slowest] = [rates[0], rates.at(-1)]
  const middle = rates[Math.floor(rates.length / 2)]
  if (fastest === undefined || slowest === undefined || middle === undefined) return null
  const spread = rates.length < ENOUGH ? UNKNOWN_SPREAD : 1
  const seconds = (how: keyof typeof AT_LEAST, rate: number) =>
    Math.ceil(AT_LEAST[how] + bytes * rate)
  return {
    seconds: seconds('guess', middle),
    least: seconds('least', fastest / spread),
    most: seconds('most', slowest * spread),
    basis: 'deploys',
    from: `${rates.length} earlier deployment${rates.length === 1 ? '' : 's'} on this server`,
  }
}
