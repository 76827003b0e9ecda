import { describe, expect, test } from 'vitest'
import { mergeSchemas } from '../../src/schema/merge/merge.ts'
import { ID, schema, TAIL, type Tables, t } from './a-schema.ts'
import { inWords } from './conflict-words.ts'

const NO_A = ['id int NOT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)']

describe('mergeSchemas', () => {
  const FK = (name: string, to: string) =>
    `CONSTRAINT \`${name}\` FOREIGN KEY (\`a\`) REFERENCES \`p\` (\`${to}\`)`
  const P: Tables = { p: ['id int NOT NULL', 'PRIMARY KEY (`id`)'] }
  const WIDE: Tables = { p: ['id bigint NOT NULL', 'PRIMARY KEY (`id`)'] }
  const LATIN = ['---', 'ENGINE=InnoDB DEFAULT CHARSET=latin1']
  const HASH = ['---', TAIL, 'PARTITION BY HASH (`id`)\nPARTITIONS 2']
  const ORDERED = (...names: string[]) => names.map((name) => `${name} int DEFAULT NULL`)

  test.each<readonly [string, Tables, Tables, Tables, readonly string[]]>([
    [
      'a column added twice',
      t(),
      t('c int'),
      t('c date'),
      ['same: theirs adds t: column `c`; ours adds t: column `c`'],
    ],
    [
      'spelled differently',
      t(),
      t('`Total` int'),
      t('total int'),
      ['same: theirs adds t: column `Total`; ours adds t: column `total`'],
    ],
    [
      'several parts, each by its name',
      t('KEY `k` (`a`)'),
      {
        t: [
          'id int NOT NULL',
          'a bigint',
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
          'KEY `k` (`b`)',
        ],
      },
      {
        t: [
          'id int NOT NULL',
          'a date',
          'b int DEFAULT NULL',
          'PRIMARY KEY (`id`)',
          'KEY `k` (`a`,`b`)',
        ],
      },
      [
        'same: theirs changes t: column `a`; ours changes t: column `a`',
        'same: theirs changes t: index `k`; ours changes t: index `k`',
      ],
    ],
    [
      'a column dropped there and indexed here',
      t(),
      { t: NO_A },
      t('KEY `k` (`a`)'),
      ['gone: theirs drops t: column `a`; ours adds t: index `k`'],
    ],
    [
      'a column dropped here and used there by a check, a generated column and an expression',
      t(),
      t(
        'g int GENERATED ALWAYS AS (`a` + 1) VIRTUAL',
        'KEY `f` ((`a` + 1))',
        'CONSTRAINT `c` CHECK (`a` > 1)',
      ),
      { t: NO_A },
      [
        'gone: theirs adds t: column `g`; ours drops t: column `a`',
        'gone: theirs adds t: index `f`; ours drops t: column `a`',
        'gone: theirs adds t: check `c`; ours drops t: column `a`',
      ],
    ],
    [
      'a column changed there and dropped here',
      t(),
      { t: ['id int NOT NULL', 'a bigint', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'] },
      { t: NO_A },
      ['same: theirs changes t: column `a`; ours drops t: column `a`'],
    ],
    [
      'a column that became a long text and was indexed',
      t(),
      { t: ['id int NOT NULL', 'a text', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'] },
      t('KEY `k` (`a`)'),
      ['changed: theirs changes t: column `a`; ours adds t: index `k`'],
    ],
    [
      'a column that may be NULL now, in a new primary key',
      { t: ['id int NOT NULL', 'a int NOT NULL'] },
      { t: ['id int NOT NULL', 'a int DEFAULT NULL'] },
      { t: ['id int NOT NULL', 'a int NOT NULL', 'PRIMARY KEY (`a`)'] },
      ['changed: theirs changes t: column `a`; ours adds t: primary key'],
    ],
    [
      'both primary keys',
      { t: ['id int NOT NULL', 'a int NOT NULL', 'PRIMARY KEY (`id`)'] },
      { t: ['id int NOT NULL', 'a int NOT NULL', 'PRIMARY KEY (`a`)'] },
      { t: ['id int NOT NULL', 'a int NOT NULL', 'PRIMARY KEY (`id`,`a`)'] },
      ['same: theirs changes t: primary key; ours changes t: primary key'],
    ],
    [
      'a table dropped there and pointed at here',
      { ...t(), ...P },
      t(),
      { ...t('KEY `f` (`a`)', FK('f', 'id')), ...P },
      ['gone: theirs drops table `p`; ours adds t: foreign key `f`'],
    ],
    [
      'a table dropped here and pointed at there',
      { ...t(), ...P },
      { ...t('KEY `f` (`a`)', FK('f', 'id')), ...P },
      t(),
      ['gone: theirs adds t: foreign key `f`; ours drops table `p`'],
    ],
    [
      'a parent of another type',
      { ...t(), ...P },
      { ...t(), ...WIDE },
      { ...t('KEY `f` (`a`)', FK('f', 'id')), ...P },
      ['types: theirs changes p: column `id`; ours adds t: foreign key `f`'],
    ],
    [
      'the key that a foreign key points at',
      { ...t(), ...P },
      { ...t(), p: ['id int NOT NULL'] },
      { ...t('KEY `f` (`a`)', FK('f', 'id')), ...P },
      ['index: theirs drops p: primary key; ours adds t: foreign key `f`'],
    ],
    [
      'the key that a foreign key points at, which is not unique any more',
      { ...t(), p: ['id int NOT NULL', 'UNIQUE KEY `k` (`id`)'] },
      { ...t(), p: ['id int NOT NULL', 'KEY `k` (`id`)'] },
      { ...t('KEY `f` (`a`)', FK('f', 'id')), p: ['id int NOT NULL', 'UNIQUE KEY `k` (`id`)'] },
      ['index: theirs changes p: index `k`; ours adds t: foreign key `f`'],
    ],
    [
      'the index that a foreign key needs',
      { ...t('KEY `k` (`a`)'), ...P },
      { ...t(), ...P },
      { ...t('KEY `k` (`a`)', FK('f', 'id')), ...P },
      ['index: theirs drops t: index `k`; ours adds t: foreign key `f`'],
    ],
    [
      'one name for two foreign keys',
      { ...t(), u: ID, ...P },
      { ...t('KEY `f` (`a`)', FK('f', 'id')), u: ID, ...P },
      { ...t(), u: [...ID, 'KEY `f` (`a`)', FK('f', 'id')], ...P },
      ['name: theirs adds t: foreign key `f`; ours adds u: foreign key `f`'],
    ],
    [
      'the default character set and a text that takes it over',
      t(),
      t(...LATIN),
      t('c varchar(9)'),
      ['collation: theirs changes t: default character set; ours adds t: column `c`'],
    ],
    [
      'a text that was changed under the default character set',
      t('c varchar(9)'),
      t('c varchar(9)', ...LATIN),
      t('c varchar(10)'),
      ['same: theirs changes t: column `c`; ours changes t: column `c`'],
    ],
    [
      'partitions and a unique key without their column',
      t(),
      t(...HASH),
      t('UNIQUE KEY `u` (`a`)'),
      ['partitions: theirs adds t: partitions; ours adds t: index `u`'],
    ],
    [
      'partitions and a foreign key',
      { ...t('KEY `f` (`a`)'), ...P },
      { ...t('KEY `f` (`a`)', FK('f', 'id')), ...P },
      { ...t('KEY `f` (`a`)', ...HASH), ...P },
      ['partitions: theirs adds t: foreign key `f`; ours adds t: partitions'],
    ],
    [
      'two columns that count',
      { t: ['a int DEFAULT NULL'] },
      { t: ['a int DEFAULT NULL', 'x int NOT NULL AUTO_INCREMENT', 'PRIMARY KEY (`x`)'] },
      { t: ['a int DEFAULT NULL', 'y int NOT NULL AUTO_INCREMENT', 'KEY `y` (`y`)'] },
      ['limit: theirs adds t: column `x`; ours adds t: column `y`'],
    ],
    [
      'every column',
      { t: ORDERED('a', 'b') },
      { t: ORDERED('a') },
      { t: ORDERED('b') },
      ['gone: theirs drops t: column `b`; ours drops t: column `a`'],
    ],
    [
      'the order of columns that both moved',
      { t: ORDERED('a', 'b', 'c') },
      { t: ORDERED('b', 'a', 'c') },
      { t: ORDERED('a', 'c', 'b') },
      ['order: theirs moves t: column `a`; ours moves t: column `b`'],
    ],
    [
      'the engine and anything else',
      t(),
      t('---', 'ENGINE=Aria'),
      t('c int', '---', TAIL.replace(/ DEFAULT.*/, '')),
      ['same: theirs drops t: default character set; ours drops t: default character set']
        .slice(1)
        .concat('changed: theirs changes t: option ENGINE; ours adds t: column `c`'),
    ],
    [
      'a table that was dropped there',
      t(),
      {},
      t('c int', 'KEY `k` (`a`)'),
      ['same: theirs drops table `t`; ours changes table `t` (column `c`, index `k`)'],
    ],
    [
      'a table that was dropped here',
      t(),
      t('c int'),
      {},
      ['same: theirs changes table `t` (column `c`); ours drops table `t`'],
    ],
    [
      'a table that both made',
      {},
      t('c int'),
      t('d int'),
      ['same: theirs adds table `t`; ours adds table `t` (column `c`, column `d`)'],
    ],
    [
      'a view that both changed',
      { v: 'CREATE VIEW `v` AS select 1 AS `1`' },
      { v: 'CREATE VIEW `v` AS select 2 AS `2`' },
      { v: 'CREATE VIEW `v` AS select 3 AS `3`' },
      ['same: theirs changes view `v`; ours changes view `v`'],
    ],
    [
      'a view of a dropped column and of a dropped table',
      { ...t(), ...P },
      { t: NO_A },
      {
        ...t(),
        ...P,
        v: 'CREATE VIEW `v` AS select `x`.`a` AS `n` from `t` `x`',
        w: 'CREATE VIEW `w` AS select `p`.`id` AS `id` from `p`',
      },
      [
        'gone: theirs drops table `p`; ours adds view `w`',
        'gone: theirs drops t: column `a`; ours adds view `v`',
      ],
    ],
    [
      'a view named like a table',
      {},
      { v: ID },
      { v: 'CREATE VIEW `v` AS select 1 AS `1`' },
      ['name: theirs adds table `v`; ours adds view `v`'],
    ],
  ])('finds a conflict: %s', (...[, base, theirs, ours, expected]) => {
    const result = mergeSchemas(schema(base), schema(theirs), schema(ours))

    expect(result.kind === 'conflict' ? result.conflicts.map(inWords) : result).toEqual(expected)
  })
})
