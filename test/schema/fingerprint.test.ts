import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprintAround, fingerprintSchema } from '../../src/schema/fingerprint.ts'
import { schemaFromSql, schemaOf, schemaToSql } from '../../src/schema/parse.ts'
import type { Schema } from '../../src/schema/table.ts'
import { schema, type Tables } from './a-schema.ts'

const FK = (parent: string) =>
  `CONSTRAINT \`f_${parent}\` FOREIGN KEY (\`a\`) REFERENCES \`${parent}\` (\`id\`)`

/** `t` is what changes: it points at `p`, `c` points at it, `v` reads it and `w` reads `v`. */
const LIVE: Tables = {
  t: ['id int NOT NULL', 'a int', 'PRIMARY KEY (`id`)', 'KEY `a` (`a`)', FK('p')],
  p: ['id int NOT NULL', 'x int', 'PRIMARY KEY (`id`)', 'KEY `x` (`x`)'],
  c: ['id int', 'a int', 'KEY `a` (`a`)', FK('t')],
  v: 'CREATE VIEW `v` AS select `t`.`a` AS `a` from `t`',
  w: 'CREATE VIEW `w` AS select `v`.`a` AS `a` from `v`',
  s: ['id int NOT NULL', 'PRIMARY KEY (`id`)'],
  u: ['id int'],
  y: 'CREATE VIEW `y` AS select `u`.`id` AS `id` from `u`',
}
const WANTED: Tables = { ...LIVE, t: [...(LIVE.t as string[]), 'CONSTRAINT `k` CHECK (`a` > 1)'] }

function around(live: Tables, wanted = WANTED, touched = ['t']): string {
  return fingerprintAround(touched, { live: schema(live), wanted: schema(wanted) })
}

describe('fingerprintSchema', () => {
  test('does not depend on the order of tables', () => {
    const one = schema(LIVE)
    const other = { ...one, tables: new Map([...one.tables].reverse()) }

    expect(fingerprintSchema(other)).toBe(fingerprintSchema(one))
    expect(fingerprintSchema(schemaFromSql(schemaToSql(one)))).toBe(fingerprintSchema(one))
  })

  test('is another one for every difference', () => {
    const each: Tables[] = [{ a: ['c int'] }, { a: ['c date'] }, { b: ['c int'] }, {}]
    const prints = [...each, { a: ['c int'], b: ['c int'] }].map((tables) =>
      fingerprintSchema(schema(tables)),
    )

    expect(new Set(prints).size).toBe(5)
    for (const print of prints) expect(print).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('fingerprintAround', () => {
  test.each<readonly [string, Tables]>([
    ['the table itself', { t: ['id int NOT NULL', 'PRIMARY KEY (`id`)', 'a bigint'] }],
    ['that it is there', { t: [] }],
    ['an option of it', { t: [...(LIVE.t as string[]), '---', 'ENGINE=InnoDB'] }],
    ['a foreign key that points at it', { c: ['id int', 'a int', 'KEY `a` (`a`)'] }],
    ['another table that points at it', { u: ['id int', 'a int', 'KEY `a` (`a`)', FK('t')] }],
    [
      'the type of the column that it points at',
      { p: ['id bigint NOT NULL', 'PRIMARY KEY (`id`)'] },
    ],
    ['the index of that column', { p: ['id int NOT NULL', 'x int', 'KEY `x` (`x`,`id`)'] }],
    ['a view that reads it', { v: 'CREATE VIEW `v` AS select `t`.`id` AS `a` from `t`' }],
    ['a view that reads that view', { w: 'CREATE VIEW `w` AS select `v`.`a` AS `b` from `v`' }],
    ['a new view that reads it', { z: 'CREATE VIEW `z` AS select `t`.`id` AS `a` from `t`' }],
  ])('changes with %s', (_, change) => {
    const live = { ...LIVE, ...change }
    const present = Object.entries(live).filter(([, items]) => items.length > 0)

    expect(around(Object.fromEntries(present))).not.toBe(around(LIVE))
  })

  test.each<readonly [string, Tables]>([
    ['a table that has nothing to do with it', { u: ['id bigint'], n: ['id int'] }],
    ['a view of other tables', { y: 'CREATE VIEW `y` AS select `u`.`id` AS `x` from `u`' }],
    [
      'other columns and indexes of its parent',
      { p: ['id int NOT NULL', 'y int', 'PRIMARY KEY (`id`)'] },
    ],
    [
      'a comment on the column that it points at',
      { p: ["id int NOT NULL COMMENT 'x'", 'x int', 'PRIMARY KEY (`id`)', 'KEY `x` (`x`)'] },
    ],
    [
      'other columns of what points at it',
      { c: ['id int', 'a int', 'n int', 'KEY `a` (`a`)', FK('t')] },
    ],
  ])('does not change with %s', (_, change) => {
    expect(around({ ...LIVE, ...change })).toBe(around(LIVE))
  })

  test('knows the parents that a new foreign key will have, and what a new view will read', () => {
    const wanted: Tables = {
      ...LIVE,
      t: [...(LIVE.t as string[]), FK('s')],
      n: 'CREATE VIEW `n` AS select `u`.`id` AS `id` from `u`',
    }
    const touched = ['t', 'n']
    const before = around(LIVE, wanted, touched)

    expect(
      around({ ...LIVE, s: ['id bigint NOT NULL', 'PRIMARY KEY (`id`)'] }, wanted, touched),
    ).not.toBe(before)
    expect(around({ ...LIVE, u: ['other int'] }, wanted, touched)).not.toBe(before)
    expect(around({ ...LIVE, u: ['id int', 'other int'] }, wanted, touched)).toBe(before)
  })

  test('is the same whatever the order of everything', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(Object.keys(LIVE), { minLength: Object.keys(LIVE).length }),
        fc.shuffledSubarray(['t', 'c', 'v'], { minLength: 3 }),
        (names, touched) => {
          const shuffled = (all: Tables): Schema => {
            const { tables, views } = schema(
              Object.fromEntries(names.map((name) => [name, all[name] ?? []])),
            )
            const mixed = schemaOf([...tables.values()], [...views.values()])
            return {
              ...mixed,
              tables: new Map(
                names.flatMap((name) => [...mixed.tables].filter(([one]) => one === name)),
              ),
              views: new Map(
                names.flatMap((name) => [...mixed.views].filter(([one]) => one === name)),
              ),
            }
          }
          const found = fingerprintAround(touched, {
            live: shuffled(LIVE),
            wanted: shuffled(WANTED),
          })

          expect(found).toBe(around(LIVE, WANTED, ['t', 'c', 'v']))
        },
      ),
    )
  })
})
