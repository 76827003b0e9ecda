import { type RawBuilder, sql } from 'kysely'
import type { DataCheck } from '../deploy/forecast.ts'
import { LIVE, type NeededCheck } from './needed-checks.ts'
import type { Reader } from './reader.ts'

/** A table with more rows, by the server's estimate, is looked at in part. */
const WHOLE_ROWS = 1_000_000
/** How many rows of a large table are looked at; and of one that takes too long. */
const FIRST_ROWS = [100_000, 10_000] as const

type Counted = { readonly n: string | number | null; readonly bad: string | number | null }

/**
 * Looks whether rows of a table are in the way of a change: at all of them where that is cheap, else at the first ones.
 * It tells how many there are, never what they hold.
 *
 * @param rows the server's estimate.
 */
export async function checkData(
  reader: Reader,
  {
    schema,
    table,
    rows,
  }: { readonly schema: string; readonly table: string; readonly rows: number },
  needed: NeededCheck,
): Promise<DataCheck> {
  const { kind, subject } = needed
  const about = { kind, subject, found: null, atLeast: false, rowsChecked: null } as const
  if (needed.look === 'nothing') return { ...about, result: 'not_checked', reason: needed.reason }
  const limits = rows > WHOLE_ROWS ? FIRST_ROWS : [WHOLE_ROWS + 1, ...FIRST_ROWS.slice(1)]
  let reason = 'nothing was asked'
  for (const limit of limits) {
    const answer = await reader.ask(questionOf(needed, sql.id(schema, table), limit))
    if (answer.kind === 'rows') {
      return { ...about, ...resultOf(answer.rows[0], limit), reason: null }
    }
    reason = answer.reason
    if (!reason.startsWith('too large')) break
  }
  return { ...about, result: 'not_checked', reason }
}

function resultOf(
  row: Counted | undefined,
  limit: number,
): Pick<DataCheck, 'result' | 'found' | 'atLeast' | 'rowsChecked'> {
  const [looked, bad] = [Number(row?.n ?? 0), Number(row?.bad ?? 0)]
  const isAll = looked < limit
  return {
    result: bad > 0 ? 'found' : 'clean',
    found: bad > 0 ? bad : null,
    atLeast: bad > 0 && !isAll,
    rowsChecked: isAll ? null : looked,
  }
}

function questionOf(
  needed: Exclude<NeededCheck, { readonly look: 'nothing' }>,
  table: RawBuilder<unknown>,
  limit: number,
): RawBuilder<Counted> {
  const rows = sql`FROM ${table} AS ${sql.id(LIVE)} LIMIT ${sql.lit(limit)}`
  if (needed.look === 'rows') {
    return sql<Counted>`SELECT COUNT(*) AS n, SUM(bad) AS bad
      FROM (SELECT (${needed.condition}) AS bad ${rows}) AS looked`
  }
  const values = needed.values.map((value, at) => sql`${value} AS ${sql.id(`v${at}`)}`)
  const names = needed.values.map((_, at) => sql.id(`v${at}`))
  const present = sql.join(
    names.map((name) => sql`${name} IS NOT NULL`),
    sql` AND `,
  )
  return sql<Counted>`SELECT SUM(many) AS n, SUM(many > 1 AND present) AS bad
    FROM (SELECT COUNT(*) AS many, (${present}) AS present
      FROM (SELECT ${sql.join(values)} ${rows}) AS looked GROUP BY ${sql.join(names)}) AS same`
}
