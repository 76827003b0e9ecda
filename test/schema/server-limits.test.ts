import { expect, test } from 'vitest'
import { requirePossible } from '../../src/schema/file/server-limits.ts'
import { schemaFromSql } from '../../src/schema/parse.ts'

/** A table with `count` times what `item` makes. */
function tableOf(count: number, item: (at: number) => string): Parameters<typeof schemaFromSql>[0] {
  const items = Array.from({ length: count }, (_, at) => item(at))
  return { t: `CREATE TABLE \`t\` (\n  ${['`a` int', ...items].join(',\n  ')}\n)` }
}

const ITEMS = [
  [1016, 'columns', (at: number) => `\`c${at}\` int`],
  [129, 'indexes', (at: number) => `KEY \`k${at}\` (\`a\`)`],
  [
    1000,
    'foreign keys',
    (at: number) => `CONSTRAINT \`f${at}\` FOREIGN KEY (\`a\`) REFERENCES \`t\` (\`a\`)`,
  ],
  [2000, 'CHECK constraints', (at: number) => `CONSTRAINT \`k${at}\` CHECK ((\`a\` > ${at}))`],
] as const

test.each(ITEMS)('takes %d %s in a table and not one more', (most, what, item) => {
  expect(() => requirePossible(schemaFromSql(tableOf(most, item)))).not.toThrow()
  expect(() => requirePossible(schemaFromSql(tableOf(most + 1, item)))).toThrow(what)
})
