import { describe, expect, test } from 'vitest'
import { planOperation } from '../../src/deploy/plan.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'

const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci'
const ID = '`id` int NOT NULL'
const KEY = 'PRIMARY KEY (`id`)'

function planned(from: readonly string[] | null, to: readonly string[] | null) {
  const schema = (items: readonly string[] | null) =>
    schemaOf(
      items === null
        ? []
        : [parseTable(`CREATE TABLE \`t\` (\n${[ID, ...items].join(',\n')}\n) ${OPTIONS}`)],
    )
  const [change] = diffSchemas(schema(from), schema(to))
  if (!change) throw new TypeError('nothing changes')
  return planOperation(change)
}

const V = '`v` int DEFAULT NULL'
const TEXT = '`v` varchar(9) DEFAULT NULL'

type Items = readonly string[] | null
type Case = readonly [what: string, from: Items, to: Items, first: string, why: string]

describe('what to deploy first', () => {
  test.for<Case>([
    ['a new table', null, [KEY], 'schema', 'until it is there'],
    ['a dropped table', [KEY], null, 'code', 'once it is gone'],
    ['a new column', [KEY], [V, KEY], 'schema', '`v` fails until it is there'],
    ['a dropped column', [V, KEY], [KEY], 'code', '`v` fails once it is gone'],
    ['a required column', [KEY], ['`v` int NOT NULL', KEY], 'steps', 'every INSERT'],
    ['a required column that goes', ['`v` int NOT NULL', KEY], [KEY], 'steps', 'give it a default'],
    ['both', [V, KEY], ['`w` int DEFAULT NULL', KEY], 'steps', 'two deploy requests'],
    ['NOT NULL', [V, KEY], ['`v` int NOT NULL', KEY], 'code', 'writes NULL into `v`'],
    ['NULL', ['`v` int NOT NULL', KEY], [V, KEY], 'schema', 'until it may be NULL'],
    ['a wider type', [V, KEY], ['`v` bigint DEFAULT NULL', KEY], 'schema', 'the new type'],
    ['a narrower type', [V, KEY], ['`v` tinyint DEFAULT NULL', KEY], 'code', 'numbers above 127'],
    ['another kind', [V, KEY], [TEXT, KEY], 'steps', 'another kind of value'],
    ['an index', [V, KEY], [V, KEY, 'KEY `k` (`v`)'], 'either', 'does not notice'],
    ['a unique key', [V, KEY], [V, KEY, 'UNIQUE KEY `k` (`v`)'], 'code', 'equal'],
    ['no unique key', [V, KEY, 'UNIQUE KEY `k` (`v`)'], [V, KEY], 'schema', 'equal rows'],
    ['a CHECK', [V, KEY], [V, KEY, 'CONSTRAINT `c` CHECK ((`v` > 0))'], 'code', 'forbids'],
    [
      'a CHECK made anew beside another character set',
      [
        '`v` varchar(9) CHARACTER SET latin1 DEFAULT NULL',
        KEY,
        "CONSTRAINT `c` CHECK ((`v` <> 'y'))",
      ],
      [TEXT, KEY, "CONSTRAINT `c` CHECK ((`v` <> 'y'))"],
      'either',
      'does not notice',
    ],
  ])('%s', ([, from, to, first, why]) => {
    expect(planned(from, to).order).toMatchObject({ first, why: expect.stringContaining(why) })
  })
})

describe('why it runs as it does', () => {
  test.each<[readonly string[], readonly string[], string]>([
    [[KEY], [V, KEY], 'Adds the column `v` at the end. Rows are copied into a new table beside'],
    [
      [V, KEY],
      ['`v` bigint DEFAULT NULL', KEY],
      'Changes the type of `v` from INT to BIGINT. Rows',
    ],
    [[V, KEY], [V, KEY, 'KEY `k` (`v`)'], 'Builds the index `k` over all rows. Rows are'],
    [
      ["`v` enum('a','b') DEFAULT NULL", KEY],
      ["`v` enum('a') DEFAULT NULL", KEY],
      'Changes the type of `v` from ENUM(…) to ENUM(…). Rows',
    ],
  ])('%j → %j', (from, to, why) => {
    expect(planned(from, to).why).toContain(why)
  })

  test('names what is lost', () => {
    expect(planned([V, KEY], [KEY]).losses).toEqual(['every value of the column `v`'])
    expect(planned([V, KEY], null).losses).toEqual(['the table with all its rows'])
    expect(planned([KEY], [V, KEY]).losses).toEqual([])
  })
})
