import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { checkSentence } from '../../src/deploy/forecast.ts'
import { checkData } from '../../src/forecast/data-check.ts'
import type { NeededCheck } from '../../src/forecast/needed-checks.ts'
import { Reader } from '../../src/forecast/reader.ts'
import { FLAVOUR, type MysqlTest, test } from '../support/mysql.ts'
import { forecastOf, runAll } from './a-forecast.ts'

const TEXT = 'COLLATE utf8mb4_general_ci'

type Case = readonly [
  what: string,
  columns: { readonly from: string; readonly to: string },
  rows: readonly string[],
  found: string,
]

const EMAIL = `email VARCHAR(99) ${TEXT}`
const UNIQUE = { from: EMAIL, to: `${EMAIL}, UNIQUE KEY k (email)` }

const DUPLICATES: readonly Case[] = [
  [
    'equal texts',
    UNIQUE,
    ["1, 'a'", "2, 'A'", "3, 'b'", "4, 'b'"],
    'Found rows that are equal in the new unique key `k`: 2 keys; checked all rows. It would stop the deployment.',
  ],
  [
    'different texts and NULLs',
    UNIQUE,
    ["1, 'a'", '2, NULL', '3, NULL'],
    'No rows that are equal in the new unique key `k`: checked all rows.',
  ],
  [
    'texts with the same first characters',
    { from: EMAIL, to: `${EMAIL}, UNIQUE KEY k (email(2))` },
    ["1, 'abc'", "2, 'abd'"],
    'Found rows that are equal in the new unique key `k`: 1 key; checked all rows. It would stop the deployment.',
  ],
  [
    'texts that are equal by the new collation alone',
    {
      from: 'email VARCHAR(99) COLLATE utf8mb4_bin, UNIQUE KEY k (email)',
      to: `${EMAIL}, UNIQUE KEY k (email)`,
    },
    ["1, 'a'", "2, 'A'"],
    'Found rows that the new collation makes equal in the unique key `k`: 1 key; checked all rows. It would stop the deployment.',
  ],
  [
    'a key over a column that is new',
    { from: 'v INT', to: 'v INT, n INT NOT NULL DEFAULT 3, UNIQUE KEY k (n)' },
    ['1, 1'],
    'Not checked: rows that are equal in the new unique key `k` (`n` is added by the same change).',
  ],
]

const VALUES: readonly Case[] = [
  [
    'NULLs under NOT NULL',
    { from: 'v INT', to: 'v INT NOT NULL' },
    ['1, 1', '2, NULL'],
    'Found rows with NULL in `v`, which becomes NOT NULL: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'no NULL under NOT NULL',
    { from: 'v INT', to: 'v INT NOT NULL' },
    ['1, 1'],
    'No rows with NULL in `v`, which becomes NOT NULL: checked all rows.',
  ],
  [
    'texts too long',
    { from: 'v VARCHAR(9)', to: 'v VARCHAR(3)' },
    ["1, 'abc'", "2, 'abcd'"],
    'Found rows with more than 3 characters in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'texts not too long',
    { from: `v VARCHAR(9) ${TEXT}`, to: `v VARCHAR(3) ${TEXT}` },
    ["1, 'äöü'", '2, NULL'],
    'No rows with more than 3 characters in `v`: checked all rows.',
  ],
  [
    'bytes too long',
    { from: 'v VARBINARY(9)', to: 'v VARBINARY(3)' },
    ["1, 'abcd'"],
    'Found rows with more than 3 bytes in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'a TEXT that holds more bytes',
    { from: `v TEXT ${TEXT}`, to: `v TINYTEXT ${TEXT}` },
    [`1, '${'ä'.repeat(128)}'`, `2, '${'a'.repeat(255)}'`],
    'Found rows with more than 255 bytes in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'numbers out of range',
    { from: 'v INT', to: 'v TINYINT' },
    ['1, 127', '2, 128', '3, -129'],
    'Found rows with numbers above 127 in `v`: 2 rows; checked all rows. It would stop the deployment.',
  ],
  [
    'numbers in range',
    { from: 'v INT', to: 'v TINYINT UNSIGNED' },
    ['1, 0', '2, 255'],
    'No rows with numbers above 255 in `v`: checked all rows.',
  ],
  [
    'negative numbers',
    { from: 'v BIGINT', to: 'v BIGINT UNSIGNED' },
    ['1, -1'],
    'Found rows with negative numbers in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'digits that are too many',
    { from: 'v DECIMAL(10,2)', to: 'v DECIMAL(5,2)' },
    ['1, 999.99', '2, 1000'],
    'Found rows with more than 3 digits before the point in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'an ENUM that loses a value',
    { from: "v ENUM('a','b')", to: "v ENUM('a')" },
    ["1, 'a'", "2, 'b'"],
    'Found rows with values that the ENUM no longer has in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'times beyond a TIMESTAMP',
    { from: 'v DATETIME', to: 'v TIMESTAMP NULL' },
    ["1, '2039-01-01'", "2, '2020-01-01'"],
    'Found rows with times before 1970 and after January 2038 in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'characters that the new set lacks',
    { from: 'v VARCHAR(9) CHARACTER SET utf8mb4', to: 'v VARCHAR(9) CHARACTER SET latin1' },
    ["1, 'ä'", "2, '☃'"],
    'Found rows with characters that latin1 does not have in `v`: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'texts that become numbers',
    { from: 'v VARCHAR(9)', to: 'v INT' },
    ["1, 'a'"],
    'Not checked: rows with texts that are no numbers in `v` (no short query tells them).',
  ],
]

const CHECKS: readonly Case[] = [
  [
    'rows that a CHECK forbids',
    { from: 'v INT', to: 'v INT, CONSTRAINT c CHECK (v > 0 AND v < 9)' },
    ['1, 1', '2, -1', '3, NULL'],
    'Found rows that the new CHECK `c` forbids: 1 row; checked all rows. It would stop the deployment.',
  ],
  [
    'rows that a CHECK allows',
    { from: 'v INT', to: 'v INT, CONSTRAINT c CHECK (v IS NOT NULL)' },
    ['1, 1'],
    'No rows that the new CHECK `c` forbids: checked all rows.',
  ],
  [
    'a CHECK that computes more than is allowed',
    { from: 'v INT', to: 'v INT, CONSTRAINT c CHECK (crc32(v) <> 1)' },
    ['1, 1'],
    'Not checked: rows that the new CHECK `c` forbids (its expression is not run on production, or is about columns that change too).',
  ],
  [
    'a CHECK of a column that is new',
    { from: 'v INT', to: 'v INT, n INT, CONSTRAINT c CHECK (n > 0)' },
    ['1, 1'],
    'Not checked: rows that the new CHECK `c` forbids (its expression is not run on production, or is about columns that change too).',
  ],
]

const EXPRESSIONS: readonly Case[] =
  FLAVOUR === 'mariadb'
    ? []
    : [
        [
          'rows that are equal in an expression',
          { from: 'v INT', to: 'v INT, UNIQUE KEY k ((abs(v)))' },
          ['1, 1', '2, -1'],
          'Found rows that are equal in the new unique key `k`: 1 key; checked all rows. It would stop the deployment.',
        ],
        [
          'an expression that computes more than is allowed',
          { from: 'v INT', to: 'v INT, UNIQUE KEY k ((crc32(v)))' },
          ['1, 1'],
          'Not checked: rows that are equal in the new unique key `k` (the key is over an expression that is not run on production).',
        ],
      ]

describe('the data checks of a change', () => {
  test.for([...DUPLICATES, ...VALUES, ...CHECKS, ...EXPRESSIONS])(
    '%s',
    async ([, { from, to }, rows, found], { mysql }) => {
      await runAll(await mysql.session(), [
        `CREATE TABLE t (id INT PRIMARY KEY, ${from})`,
        ...rows.map((row) => `INSERT INTO t VALUES (${row})`),
      ])

      const [planned] = await forecastOf(mysql, `CREATE TABLE t (id INT PRIMARY KEY, ${to})`)

      expect(planned?.checks).toEqual([found])
    },
  )

  test.for([
    ['CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT, UNIQUE KEY k (id, w))', 'implied by a key'],
    ['CREATE TABLE t (id INT PRIMARY KEY, v INT, n INT, UNIQUE KEY k (n))', 'NULL in every row'],
    ['CREATE TABLE t (id INT PRIMARY KEY, v BIGINT, KEY (v))', 'a wider type and an index'],
  ] as const)('none are needed for %s (%s)', async ([wanted], { mysql }) => {
    await runAll(await mysql.session(), ['CREATE TABLE t (id INT PRIMARY KEY, v INT)'])

    expect((await forecastOf(mysql, wanted))[0]?.checks).toEqual([])
  })

  test('finds rows without a parent, in a parent that is there and one that is not', async ({
    mysql,
  }) => {
    await runAll(await mysql.session(), [
      'CREATE TABLE parent (id INT PRIMARY KEY)',
      'CREATE TABLE t (id INT PRIMARY KEY, p INT, q INT, KEY (p), KEY (q))',
      'INSERT INTO parent VALUES (1)',
      'INSERT INTO t VALUES (1, 1, 1), (2, 2, NULL), (3, NULL, NULL)',
    ])
    const parents =
      'CREATE TABLE parent (id INT PRIMARY KEY); CREATE TABLE made (id INT PRIMARY KEY)'
    const child = (keys: string) =>
      `${parents}; CREATE TABLE t (id INT PRIMARY KEY, p INT, q INT, KEY (p), KEY (q), ${keys})`

    const planned = await forecastOf(
      mysql,
      child(
        'CONSTRAINT a FOREIGN KEY (p) REFERENCES parent (id), CONSTRAINT b FOREIGN KEY (q) REFERENCES parent (id), CONSTRAINT c FOREIGN KEY (q) REFERENCES made (id)',
      ),
    )

    expect(planned.at(-1)?.checks).toEqual([
      'Found rows without a parent for the new foreign key `a`: 1 row; checked all rows. It would stop the deployment.',
      'No rows without a parent for the new foreign key `b`: checked all rows.',
      'Found rows without a parent for the new foreign key `c`: 1 row; checked all rows. It would stop the deployment.',
    ])
  })
})

const IS_NULL: NeededCheck = {
  kind: 'nulls',
  subject: 'rows with NULL',
  look: 'rows',
  condition: sql`live.v IS NULL`,
}

describe('checkData', () => {
  test('looks at the first rows of a large table, and says so', async ({ mysql }) => {
    const { place, reader } = await largeTable(mysql)

    const few = checkSentence(await checkData(reader, { ...place, rows: 5_000_000 }, IS_NULL))
    const all = checkSentence(await checkData(reader, { ...place, rows: 1_000 }, IS_NULL))

    expect(few).toBe(
      'Found rows with NULL: at least 100,000 rows; checked the first 100,000 rows. It would stop the deployment.',
    )
    expect(all).toBe(
      'Found rows with NULL: 131,072 rows; checked all rows. It would stop the deployment.',
    )
  })

  test('FORECAST-1: gives up what takes too long, and everything once the time is over', async ({
    mysql,
  }) => {
    const { place, reader, session } = await largeTable(mysql)
    const slow: NeededCheck = {
      kind: 'values',
      subject: 'rows of a kind',
      look: 'rows',
      condition: sql`(SELECT COUNT(*) FROM t AS a, t AS b WHERE a.id + b.id = live.id) > 0`,
    }

    expect(checkSentence(await checkData(reader, { ...place, rows: 1_000 }, slow))).toBe(
      'Not checked: rows of a kind (too large to look at within 2 seconds).',
    )
    const over = await Reader.open(session, systemClock, 0)
    expect(checkSentence(await checkData(over, { ...place, rows: 1_000 }, IS_NULL))).toBe(
      'Not checked: rows with NULL (the time for the plan is over).',
    )
  })

  test('FORECAST-1: cannot write', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const { session: reading } = await Reader.open(await mysql.session(), systemClock, 1_000)

    // 1792: it is a read-only transaction.
    await expect(reading.run(sql`INSERT INTO t VALUES (1)`)).rejects.toMatchObject({ errno: 1792 })
    await expect(reading.run(sql`CREATE TABLE u (id INT)`)).rejects.toMatchObject({ errno: 1792 })
  })
})

/** 131,072 rows of NULL. */
async function largeTable(mysql: MysqlTest) {
  const session = await mysql.session()
  await runAll(session, [
    'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    'INSERT INTO t (v) VALUES (NULL), (NULL)',
    ...Array.from({ length: 16 }, () => 'INSERT INTO t (v) SELECT v FROM t'),
  ])
  const reader = await Reader.open(session, systemClock, 60_000)
  return { session, reader, place: { schema: mysql.schema, table: 't' } }
}
