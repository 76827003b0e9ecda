import { describe, expect, test } from 'vitest'
import { ddlOf, dropsData } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { schemaFromSql } from '../../src/schema/parse.ts'

/** Tables by name, with the lines between the parentheses. */
function schema(tables: Readonly<Record<string, readonly string[]>>) {
  const sql = Object.entries(tables).map(([name, items]) => [
    name,
    `CREATE TABLE \`${name}\` (\n  ${items.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
  ])
  return schemaFromSql(Object.fromEntries(sql))
}

const ID = '`id` int NOT NULL'
const parent = (name: string) =>
  `CONSTRAINT \`${name}_fk\` FOREIGN KEY (\`id\`) REFERENCES \`${name}\` (\`id\`)`

function statements(
  from: Parameters<typeof schema>[0],
  to: Parameters<typeof schema>[0],
): readonly string[] {
  return diffSchemas(schema(from), schema(to)).map((change) => ddlOf(change).statement)
}

function order(from: Parameters<typeof schema>[0], to: Parameters<typeof schema>[0]) {
  return diffSchemas(schema(from), schema(to))
    .map(ddlOf)
    .map(({ kind, table }) => `${kind} ${table}`)
}

describe('diffSchemas', () => {
  test('makes parents first and drops children first', () => {
    const chain = { a: [ID, parent('b')], b: [ID, parent('c')], c: [ID] }

    expect(order({}, chain)).toEqual(['create c', 'create b', 'create a'])
    expect(order(chain, {})).toEqual(['drop a', 'drop b', 'drop c'])
  })

  test('changes a table before a new one refers to what changed', () => {
    const after = { a: [ID, parent('b')], b: [ID, '`x` int DEFAULT NULL'], c: [ID] }

    expect(order({ b: [ID], d: [ID] }, after)).toEqual([
      'alter b',
      'create a',
      'create c',
      'drop d',
    ])
  })

  test('ends with foreign keys that go round in a circle', () => {
    const circle = { a: [ID, parent('b')], b: [ID, parent('a')] }

    expect(order({}, circle)).toEqual(['create b', 'create a'])
  })

  test('changes only what differs, and moves as few columns as can be', () => {
    const columns = (names: string) => [...names].map((name) => `\`${name}\` int DEFAULT NULL`)

    expect(statements({ t: columns('abcdefg') }, { t: columns('abfcdxeg') })).toEqual([
      'ALTER TABLE `t`\n  MODIFY COLUMN `f` int DEFAULT NULL AFTER `b`,\n  ADD COLUMN `x` int DEFAULT NULL AFTER `d`',
    ])
    expect(statements({ t: columns('abc') }, { t: columns('abcd') })).toEqual([
      'ALTER TABLE `t` ADD COLUMN `d` int DEFAULT NULL',
    ])
  })

  test('guesses no rename, but knows that upper and lower case name one column', () => {
    expect(statements({ t: [ID, '`a` int'] }, { t: [ID, '`b` int'] })).toEqual([
      'ALTER TABLE `t`\n  DROP COLUMN `a`,\n  ADD COLUMN `b` int',
    ])
    expect(statements({ t: [ID, '`a` int'] }, { t: [ID, '`A` int'] })).toEqual([
      'ALTER TABLE `t` CHANGE COLUMN `a` `A` int',
    ])
  })

  test('changes a foreign key under its name in the one change of its table', () => {
    const cascade = `${parent('p')} ON DELETE CASCADE`

    expect(statements({ t: [ID, parent('p')] }, { t: [ID, '`a` int', cascade] })).toEqual([
      `ALTER TABLE \`t\`\n  DROP FOREIGN KEY \`p_fk\`,\n  ADD COLUMN \`a\` int,\n  ADD ${cascade}`,
    ])
  })

  test('says CHECK where a foreign key has the same name, which only MySQL allows', () => {
    const check = 'CONSTRAINT `p_fk` CHECK (`id` > 1)'

    expect(statements({ t: [ID, parent('p'), check] }, { t: [ID, parent('p')] })).toEqual([
      'ALTER TABLE `t` DROP CHECK `p_fk`',
    ])
  })

  test('takes a collation of a column that is the table’s for none', () => {
    const own = '`a` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL'
    const other = own.replace('general_ci', 'bin')

    expect(statements({ t: [ID, own] }, { t: [ID, '`a` varchar(9) NOT NULL'] })).toEqual([])
    expect(statements({ t: [ID, '`a` varchar(9) NOT NULL'] }, { t: [ID, own] })).toEqual([])
    expect(statements({}, { t: [ID, own] })).toEqual([expect.stringContaining(own)])
    expect(statements({ t: [ID, own] }, { t: [ID, other] })).toEqual([
      `ALTER TABLE \`t\` MODIFY COLUMN ${other}`,
    ])
  })

  test('gives a key another name without making it anew', () => {
    const key = (name: string, more = '') => `KEY \`${name}\` (\`id\`)${more}`

    expect(statements({ t: [ID, key('a')] }, { t: [ID, key('b')] })).toEqual([
      'ALTER TABLE `t` RENAME KEY `a` TO `b`',
    ])
    expect(statements({ t: [ID, key('a')] }, { t: [ID, key('b', " COMMENT 'x'")] })).toEqual([
      "ALTER TABLE `t`\n  DROP KEY `a`,\n  ADD KEY `b` (`id`) COMMENT 'x'",
    ])
  })
})

describe('dropsData', () => {
  const drops = (from: Parameters<typeof schema>[0], to: Parameters<typeof schema>[0]) =>
    diffSchemas(schema(from), schema(to)).map(dropsData)
  const stored = '`a` int GENERATED ALWAYS AS (`id`) STORED'
  const virtual = '`a` int GENERATED ALWAYS AS (`id`) VIRTUAL'

  test.each([
    ['a dropped table', { t: [ID] }, {}, true],
    ['a dropped column', { t: [ID, '`a` int'] }, { t: [ID] }, true],
    ['a column that is computed from now on', { t: [ID, '`a` int'] }, { t: [ID, stored] }, true],
    ['a column that becomes virtual', { t: [ID, '`a` int'] }, { t: [ID, virtual] }, true],
    ['a computed column', { t: [ID, virtual] }, { t: [ID] }, false],
    ['a new column', { t: [ID] }, { t: [ID, '`a` int'] }, false],
    ['a new table', {}, { t: [ID] }, false],
  ] as const)('%s', (_, from, to, expected) => {
    expect(drops(from, to)).toEqual([expected])
  })
})
