import { sql } from 'kysely'
import { systemClock } from '../../src/clock.ts'
import { checkSentence } from '../../src/deploy/forecast.ts'
import { type ForecastOptions, forecastChanges } from '../../src/forecast/forecast.ts'
import { connect, type Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { canonicalise, readSchema } from '../../src/schema/canonical.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import type { MysqlTest } from '../support/mysql.ts'

/** What is found out about turning the schema of `mysql` into `wanted`, a file of CREATE TABLE statements. */
export async function forecastOf(
  mysql: MysqlTest,
  wanted: string,
  {
    target = mysql.target,
    first = null,
    ...options
  }: Partial<ForecastOptions> & {
    readonly target?: Target
    /** The schema that will be there by then. */
    readonly first?: string | null
  } = {},
) {
  const session = await mysql.session()
  const now = await readSchema(session, mysql.schema)
  const live = first === null ? now : await canonicalise(session, checkSchemaFile(first, 'f.sql'))
  const to = await canonicalise(session, checkSchemaFile(wanted, 'wanted.sql'))
  const changes = diffSchemas(live, to)
  await using reading = await connect(target)
  const found = await forecastChanges(
    reading,
    { schema: mysql.schema, now, live, changes },
    {
      clock: systemClock,
      method: 'shadow',
      revertWindowMs: null,
      past: [],
      scratch: null,
      withinMs: 60_000,
      onTable: () => undefined,
      ...options,
    },
  )
  return found.map(({ forecast, ...rest }) => ({
    ...rest,
    forecast,
    checks: forecast?.checks.map(checkSentence) ?? [],
  }))
}

/** Runs statements one after the other. */
export async function runAll(session: Session, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await session.run(sql.raw(statement))
}
