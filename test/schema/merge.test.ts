import { describe, expect, test } from 'vitest'
import { mergeSchemas } from '../../src/schema/merge/merge.ts'
import { schemaToSql } from '../../src/schema/parse.ts'
import { ID, schema, TAIL, type Tables, t } from './a-schema.ts'
import { inWords } from './conflict-words.ts'

const NO_A = ['id int NOT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)']

const chk = (number: number, column: string) =>
  `CONSTRAINT \`t_chk_${number}\` CHECK ((\`${column}\` > 1))`
const ibfk = (number: number, column: string) =>
  `CONSTRAINT \`t_ibfk_${number}\` FOREIGN KEY (\`${column}\`) REFERENCES \`t\` (\`id\`)`

type Case = readonly [what: string, base: Tables, theirs: Tables, ours: Tables, merged: Tables]

describe('mergeSchemas', () => {
  test.each<Case>([
    ['nothing changed', t(), t(), t(), t()],
    ['only ours changed', t(), t(), t('c int'), t('c int')],
    ['only theirs changed: a stale base drops nothing', t(), t('c int'), t(), t('c int')],
    ['both did the same', t(), t('c int'), t('c int'), t('c int')],
    ['theirs made a table', {}, t(), {}, t()],
    ['ours dropped one', t(), t(), {}, {}],
    ['both dropped one', t(), {}, {}, {}],
    ['both made the same', {}, t(), t(), t()],
    [
      'each appended a column: who goes first comes first',
      t(),
      t('x int'),
      t('c int'),
      t('x int', 'c int'),
    ],
    [
      'a stale base, and a change of the very table: their column and index stay',
      t(),
      t('urgent bool', 'KEY `urgent` (`urgent`)'),
      t('c int'),
      t('urgent bool', 'c int', 'KEY `urgent` (`urgent`)'),
    ],
    [
      'each added an index',
      t(),
      t('KEY `x` (`a`)'),
      t('KEY `c` (`b`)'),
      t('KEY `c` (`b`)', 'KEY `x` (`a`)'),
    ],
    [
      'constraints that nobody named, which their server counted in another order',
      t(chk(1, 'a'), chk(2, 'b'), ibfk(1, 'a')),
      t(chk(1, 'b'), chk(2, 'a'), ibfk(2, 'a')),
      t(chk(1, 'id'), chk(2, 'a'), chk(3, 'b'), ibfk(1, 'b'), ibfk(2, 'a')),
      t(chk(1, 'b'), chk(2, 'a'), chk(3, 'id'), ibfk(1, 'b'), ibfk(2, 'a')),
    ],
    [
      'each added a CHECK that nobody named',
      t(),
      t(chk(1, 'a')),
      t(chk(1, 'b')),
      t(chk(1, 'a'), chk(2, 'b')),
    ],
    [
      'both added one that nobody named, and ours another one before it',
      t(),
      t(chk(1, 'a')),
      t(chk(1, 'b'), chk(2, 'a')),
      t(chk(1, 'a'), chk(2, 'b')),
    ],
    [
      'one changed a type, the other indexed another column',
      t(),
      {
        t: ['id int NOT NULL', 'a bigint DEFAULT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'],
      },
      t('KEY `k` (`b`)'),
      {
        t: [
          'id int NOT NULL',
          'a bigint DEFAULT NULL',
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
          'KEY `k` (`b`)',
        ],
      },
    ],
    [
      'one widened a number, the other indexed it',
      t(),
      {
        t: ['id int NOT NULL', 'a bigint DEFAULT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'],
      },
      t('KEY `k` (`a`)'),
      {
        t: [
          'id int NOT NULL',
          'a bigint DEFAULT NULL',
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
          'KEY `k` (`a`)',
        ],
      },
    ],
    [
      'one changed a comment, the other computed with the column',
      t(),
      {
        t: [
          'id int NOT NULL',
          "a int DEFAULT NULL COMMENT 'x'",
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
        ],
      },
      t('g int GENERATED ALWAYS AS (`a` + 1) VIRTUAL'),
      {
        t: [
          'id int NOT NULL',
          "a int DEFAULT NULL COMMENT 'x'",
          'b int DEFAULT NULL',
          'g int GENERATED ALWAYS AS (`a` + 1) VIRTUAL',
          'PRIMARY KEY (`id`)',
        ],
      },
    ],
    ['one dropped a column, the other added one', t('x int'), t(), t('x int', 'c int'), t('c int')],
    [
      'ours put a column in the middle',
      t(),
      t('x int'),
      {
        t: [
          'id int NOT NULL',
          'c int',
          'a int DEFAULT NULL',
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
        ],
      },
      {
        t: [
          'id int NOT NULL',
          'c int',
          'a int DEFAULT NULL',
          'b int DEFAULT NULL',
          'x int',
          'PRIMARY KEY (`id`)',
        ],
      },
    ],
    [
      'theirs moved a column, ours changed it',
      t(),
      { t: ['id int NOT NULL', 'b int DEFAULT NULL', 'a int DEFAULT NULL', 'PRIMARY KEY (`id`)'] },
      {
        t: ['id int NOT NULL', 'a int DEFAULT NULL', 'b bigint DEFAULT NULL', 'PRIMARY KEY (`id`)'],
      },
      {
        t: ['id int NOT NULL', 'b bigint DEFAULT NULL', 'a int DEFAULT NULL', 'PRIMARY KEY (`id`)'],
      },
    ],
    [
      'ours put its column after one that theirs dropped',
      t(),
      { t: ['id int NOT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'] },
      {
        t: [
          'id int NOT NULL',
          'a int DEFAULT NULL',
          'c int',
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
        ],
      },
      { t: ['id int NOT NULL', 'c int', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'] },
    ],
    [
      'options, and checks',
      t(),
      t('CONSTRAINT `x` CHECK (`a` > 1)', '---', TAIL, 'ROW_FORMAT=DYNAMIC'),
      t('CONSTRAINT `c` CHECK (`b` > 1)', '---', TAIL, "COMMENT='x'"),
      t(
        'CONSTRAINT `c` CHECK (`b` > 1)',
        'CONSTRAINT `x` CHECK (`a` > 1)',
        '---',
        TAIL,
        "ROW_FORMAT=DYNAMIC COMMENT='x'",
      ),
    ],
    [
      'a column with a third character set under another default',
      t(),
      t('---', 'ENGINE=InnoDB DEFAULT CHARSET=latin1'),
      t('c char(1) CHARACTER SET ascii'),
      t('c char(1) CHARACTER SET ascii', '---', 'ENGINE=InnoDB DEFAULT CHARSET=latin1'),
    ],
    [
      'views as a whole; a new one has the rights of its readers',
      { ...t(), v: 'CREATE VIEW `v` AS select 1 AS `1`' },
      { ...t(), v: 'CREATE VIEW `v` AS select 2 AS `2`' },
      {
        ...t('c int'),
        v: 'CREATE VIEW `v` AS select 1 AS `1`',
        w: 'CREATE VIEW `w` AS select `t`.`c` AS `c` from `t`',
      },
      {
        ...t('c int'),
        v: 'CREATE VIEW `v` AS select 2 AS `2`',
        w: 'CREATE SQL SECURITY INVOKER VIEW `w` AS select `t`.`c` AS `c` from `t`',
      },
    ],
  ])('merges: %s', (...[, base, theirs, ours, merged]) => {
    const result = mergeSchemas(schema(base), schema(theirs), schema(ours))

    expect(textOf(result)).toEqual(schemaToSql(schema(merged)))
  })

  test.each<readonly [string, Tables, Tables, readonly string[]]>([
    ['merges with a column that theirs appended', t('x int'), t('x int'), []],
    [
      'conflicts with a change of the old column',
      { t: ['id int NOT NULL', 'a bigint', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'] },
      {},
      ['renamed: theirs changes t: column `a`; ours renames t: column `a` (z)'],
    ],
    [
      'conflicts with a new index of the old column',
      t('KEY `k` (`a`)'),
      {},
      ['renamed: theirs adds t: index `k`; ours renames t: column `a` (z)'],
    ],
    [
      'conflicts where the old column is gone',
      { t: NO_A },
      {},
      ['renamed: theirs drops t: column `a`; ours renames t: column `a` (z)'],
    ],
    [
      'conflicts where the new name is taken',
      t('z date'),
      {},
      ['renamed: theirs adds t: column `z`; ours renames t: column `a` (z)'],
    ],
  ])('a rename by hint %s', (_, theirs, merged, expected) => {
    const ours = {
      t: ['id int NOT NULL', 'z int DEFAULT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'],
    }
    const renames = new Map([['t', new Map([['z', 'a']])]])

    const result = mergeSchemas(schema(t()), schema(theirs), schema(ours), renames)

    if (result.kind === 'conflict') expect(result.conflicts.map(inWords)).toEqual(expected)
    else {
      const renamed = schemaToSql(schema(merged))
      expect(textOf(result).t).toBe(renamed.t?.replace('`a`', '`z`'))
    }
  })

  test('a rename takes keys, checks and foreign keys with it, here and in other tables', () => {
    const using = (name: string): Tables => ({
      t: [
        'id int NOT NULL',
        `${name} int NOT NULL`,
        `UNIQUE KEY \`a\` (\`${name}\`)`,
        `CONSTRAINT \`a\` CHECK (\`${name}\` > 1)`,
      ],
      u: [
        'a int',
        'KEY `f` (`a`)',
        `CONSTRAINT \`f\` FOREIGN KEY (\`a\`) REFERENCES \`t\` (\`${name}\`)`,
      ],
    })
    const theirs = { ...using('a'), v: ID }
    const renames = new Map([['t', new Map([['z', 'a']])]])

    const result = mergeSchemas(schema(using('a')), schema(theirs), schema(using('z')), renames)

    expect(textOf(result)).toEqual(schemaToSql(schema({ ...using('z'), v: ID })))
  })

  test('takes no offence at the rights that a view got when it was deployed', () => {
    const view = (value: number, rights = '') => ({
      v: `CREATE ${rights}VIEW \`v\` AS select ${value} AS \`x\``,
    })
    const theirs = schema(view(1, 'SQL SECURITY INVOKER '))

    const result = mergeSchemas(schema(view(1)), theirs, schema(view(2)))

    expect(textOf(result)).toEqual(schemaToSql(schema(view(2, 'SQL SECURITY INVOKER '))))
  })

  test('keeps what nobody deploys as theirs has it', () => {
    const unmanaged = [{ kind: 'trigger', name: 'tr', table: 't' }] as const
    const theirs = { ...schema(t()), unmanaged }

    const result = mergeSchemas(schema(t()), theirs, schema(t('c int')))

    expect(result).toMatchObject({ kind: 'merged', schema: { unmanaged } })
  })
})

function textOf(result: ReturnType<typeof mergeSchemas>): Record<string, string> {
  if (result.kind === 'conflict') throw new Error(result.conflicts.map(inWords).join('\n'))
  return schemaToSql(result.schema)
}
