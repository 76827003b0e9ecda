import { describe, expect, test } from 'vitest'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { readHints } from '../../src/schema/file/rename-hint.ts'
import { schemaFromSql } from '../../src/schema/parse.ts'
import { renamesFromJson } from '../../src/schema/renames.ts'

function hintsOf(file: string) {
  const [source] = checkSchemaFile(file, 'orders.sql')
  if (!source) throw new Error('there is no table')
  const { hints, bad } = readHints(source)
  return {
    hints: hints.map(({ column, old }) => `${column} was ${old}`),
    bad: bad.map(({ message, comment }) => `${comment.line}: ${message}`),
  }
}

describe('readHints', () => {
  test.each([
    ['on the line of the column', 'a INT, -- crossfade:renamed-from b\n c INT', 'a was b'],
    ['on the line above', 'c INT,\n -- crossfade:renamed-from b\n a INT', 'a was b'],
    [
      'with another comment between',
      'c INT,\n -- crossfade:renamed-from b\n -- so\n a INT',
      'a was b',
    ],
    ['after the last column', 'c INT,\n a INT -- crossfade:renamed-from b', 'a was b'],
    ['in a comment of another kind', 'a INT /* crossfade:renamed-from b */, c INT', 'a was b'],
    ['behind #', 'a INT # crossfade:renamed-from b', 'a was b'],
    ['in backticks', 'a INT -- crossfade:renamed-from `b ``c`', 'a was b `c'],
    ['after words', 'a INT -- the sum. crossfade:renamed-from b', 'a was b'],
    ['at a name in upper case', '`A` INT -- crossfade:renamed-from b', 'a was b'],
    ['in the line of the table', 'a INT, c INT) -- x', undefined],
  ])('finds a hint %s', (_, columns, expected) => {
    const file = `CREATE TABLE t (\n ${columns}\n${columns.endsWith('-- x') ? '' : ')'}`

    expect(hintsOf(file)).toEqual({ hints: expected ? [expected] : [], bad: [] })
  })

  test('says what is wrong with a hint that renames nothing', () => {
    const file = `-- crossfade:renamed-from shops
CREATE TABLE t (
  a INT, -- crossfade:renamed-from
  b INT, -- crossfade:renamed-from x y
  c INT, -- crossfade:renamed-from z
  d INT, -- crossfade:renamed-from Z
  e INT,
  -- crossfade:renamed-from f

  KEY k (e) -- crossfade:renamed-from g
)`

    expect(hintsOf(file)).toMatchInlineSnapshot(`
      {
        "bad": [
          "1: The comment \`crossfade:renamed-from\` stands at the table \`t\`, and a table cannot be renamed by a deployment.",
          "3: The comment \`crossfade:renamed-from\` has no effect: one column has to follow it, and nothing else.",
          "4: The comment \`crossfade:renamed-from\` has no effect: one column has to follow it, and nothing else.",
          "6: The comment \`crossfade:renamed-from\` says something else of \`c\` or \`z\` than one before it.",
          "8: The comment \`crossfade:renamed-from\` has no effect: it stands at no column.",
          "10: The comment \`crossfade:renamed-from\` has no effect: it stands at no column.",
        ],
        "hints": [
          "c was z",
        ],
      }
    `)
  })
})

const table = (...columns: readonly string[]) =>
  schemaFromSql({
    t: `CREATE TABLE \`t\` (\n  ${columns.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
    child:
      'CREATE TABLE `child` (\n  `t_id` int,\n  KEY `k` (`t_id`),\n  CONSTRAINT `f` FOREIGN KEY (`t_id`) REFERENCES `t` (`id`)\n) ENGINE=InnoDB',
  })

const ID = '`id` int NOT NULL'

function statements(
  from: readonly string[],
  to: readonly string[],
  names: Readonly<Record<string, string>>,
): readonly string[] {
  const renames = renamesFromJson({ t: names })
  return diffSchemas(table(...from), table(...to), renames).map((change) => ddlOf(change).statement)
}

describe('diffSchemas', () => {
  test('renames a column, and no key or foreign key that has it is touched', () => {
    const key = (name: string) => `KEY \`k\` (\`${name}\`,\`id\`)`
    const own = (name: string) =>
      `CONSTRAINT \`f\` FOREIGN KEY (\`${name}\`) REFERENCES \`p\` (\`id\`) ON DELETE CASCADE`

    expect(
      statements([ID, '`a` int', key('a'), own('a')], [ID, '`B` int', key('B'), own('B')], {
        b: 'A',
      }),
    ).toEqual(['ALTER TABLE `t` CHANGE COLUMN `a` `B` int'])
  })

  test('changes and moves what it renames', () => {
    expect(
      statements([ID, '`x` int', '`y` int', '`a` int'], [ID, '`b` bigint', '`x` int', '`y` int'], {
        b: 'a',
      }),
    ).toEqual(['ALTER TABLE `t` CHANGE COLUMN `a` `b` bigint AFTER `id`'])
  })

  test('writes expressions anew, which no server follows a new name into', () => {
    const check = (name: string) => `CONSTRAINT \`c\` CHECK (\`${name}\` > 1)`
    const sum = (name: string) => `\`s\` int GENERATED ALWAYS AS (\`${name}\` + 1) STORED`

    expect(
      statements([ID, '`a` int', sum('a'), check('a')], [ID, '`b` int', sum('b'), check('b')], {
        b: 'a',
      }),
    ).toEqual([
      'ALTER TABLE `t`\n  DROP CONSTRAINT `c`,\n  CHANGE COLUMN `a` `b` int,\n  MODIFY COLUMN `s` int GENERATED ALWAYS AS (`b` + 1) STORED,\n  ADD CONSTRAINT `c` CHECK (`b` > 1)',
    ])
  })

  test('lets columns swap their names', () => {
    expect(
      statements([ID, '`a` int', '`b` text'], [ID, '`b` int', '`a` text'], { a: 'b', b: 'a' }),
    ).toEqual(['ALTER TABLE `t`\n  CHANGE COLUMN `a` `b` int,\n  CHANGE COLUMN `b` `a` text'])
  })

  test.each([
    ['has been deployed', [ID, '`b` int'], [ID, '`b` int'], []],
    ['names a column that never was', [ID], [ID, '`b` int'], ['ADD COLUMN `b` int']],
    [
      'names a column that stays',
      [ID, '`a` int'],
      [ID, '`a` int', '`b` int'],
      ['ADD COLUMN `b` int'],
    ],
    [
      'comes when both columns are there',
      [ID, '`a` int', '`b` int'],
      [ID, '`b` int'],
      ['DROP COLUMN `a`'],
    ],
  ])('takes no rename from a hint that %s', (_, from, to, expected) => {
    expect(statements(from, to, { b: 'a' })).toEqual(
      expected.map((clause) => `ALTER TABLE \`t\` ${clause}`),
    )
  })
})
