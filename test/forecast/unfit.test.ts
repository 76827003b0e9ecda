import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { unfitValues } from '../../src/forecast/unfit.ts'
import { parseTable } from '../../src/schema/parse.ts'

function sided(type: string): Parameters<typeof unfitValues>[0] {
  const table = parseTable(`CREATE TABLE \`t\` (\n  \`a\` ${type}\n)`)
  const [column] = table.columns
  if (!column) throw new TypeError('a table without a column')
  return { column, table }
}

test.each(['decimal(1,5)', 'decimal(66,0)', 'decimal(999999999999,0)'])(
  'asks nothing about %s, which no server has',
  (type) => {
    const found = unfitValues(sided('bigint'), sided(type), sql.id('a'))
    expect(found?.condition ?? null).toBeNull()
  },
)
