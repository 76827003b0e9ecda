import { describe, expect, test } from 'vitest'
import { isViewSql, parseCreateView, parseView } from '../../src/schema/view/view.ts'

const HEAD = 'CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW'

function read(text: string) {
  const { view, beyond } = parseCreateView(text, 'shop')
  return { ...view, beyond }
}

describe('parseCreateView', () => {
  test('leaves the definer and the default attributes out, and gives each column a line', () => {
    const view = read(
      `${HEAD} \`v\` AS select \`t\`.\`id\` AS \`id\`,count(0) AS \`n\` from \`t\` group by \`t\`.\`id\` `,
    )

    expect(view.sql).toBe(
      'CREATE VIEW `v` AS\nselect\n  `t`.`id` AS `id`,\n  count(0) AS `n`\nfrom `t`\ngroup by `t`.`id`',
    )
    expect(view.uses).toEqual(['t'])
  })

  test('keeps what differs from the defaults', () => {
    const text =
      'CREATE ALGORITHM=MERGE DEFINER=`x`@`%` SQL SECURITY INVOKER VIEW `v` (`a`,`b`) AS select 1 AS `a` WITH CASCADED CHECK OPTION'

    expect(read(text).sql).toBe(
      'CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v` (`a`,`b`) AS\nselect\n  1 AS `a` WITH CASCADED CHECK OPTION',
    )
  })

  test('takes the name of the schema out wherever it only says what is known', () => {
    const text =
      'CREATE VIEW `shop`.`v` AS select `shop`.`t`.`id` AS `id`,`shop`.`x` AS `x` from (`shop`.`t` join `other` `shop` on(`shop`.`t`.`id` = `shop`.`id`))'

    expect(read(text).sql).toBe(
      'CREATE VIEW `v` AS\nselect\n  `t`.`id` AS `id`,\n  `shop`.`x` AS `x`\nfrom (`t` join `other` `shop` on(`t`.`id` = `shop`.`id`))',
    )
  })

  test.each([
    ['select 1 AS `a` from `mysql`.`user`', 'the schema mysql'],
    ['select `mysql`.`user`.`Host` AS `a` from `t`', 'the schema mysql'],
    ['select 1 AS `a` from (`t` join (`u` left join `mysql`.`user` on(1)))', 'the schema mysql'],
    ['select 1 AS `a` from `t`,`mysql`.`user`', 'the schema mysql'],
    ['select (select 1 from `mysql`.`user`) AS `a` from `t`', 'the schema mysql'],
    ['select `f`(`t`.`id`) AS `a` from `t`', 'the stored function f'],
    ['select `shop`.`f`(`t`.`id`) AS `a` from `t`', 'the stored function f'],
    ['select nextval(`s`) AS `a`', 'a sequence'],
  ])('tells of what is beyond the schema: %s', (query, beyond) => {
    expect(read(`${HEAD} \`v\` AS ${query}`).beyond).toBe(beyond)
  })

  test.each([
    [
      'select extract(year from `t`.`d`) AS `y`,trim(both `t`.`a` from `t`.`b`) AS `z` from `t`',
      ['t'],
    ],
    ['with `c` (`n`) as (select 1 AS `1` from `t`) select `c`.`n` AS `n` from `c`', ['t']],
    [
      'with recursive r(`n`,`b c`) as (select 1 AS `n`)select `r`.`n` AS `n` from `r` join `u`',
      ['u'],
    ],
    ['select `l`.`k` AS `k` from (`t` join lateral (select 1 AS `k`) `l` (`k`))', ['t']],
    ['select `a`.`id` AS `id` from ((`t` `a` join `t` `b`) straight_join `v1` `c`)', ['t', 'v1']],
    [
      'select 1 AS `from` from `t` USE INDEX (`k`) union select `u`.`x` AS `x` from `u`',
      ['t', 'u'],
    ],
    [
      "select `j`.`x` AS `x` from (`t` join json_table(`t`.`doc`, '$' columns (`x` int path '$')) `j`)",
      ['t'],
    ],
  ])('knows which tables are read: %s', (query, uses) => {
    expect(read(`${HEAD} \`v\` AS ${query}`)).toMatchObject({ uses, beyond: null })
  })
})

describe('parseView', () => {
  test.each([
    'CREATE VIEW `v` AS\nselect\n  1 AS `a`\nfrom `t`',
    "CREATE ALGORITHM=TEMPTABLE SQL SECURITY INVOKER VIEW `a``b` (`x`) AS\nselect distinct\n  `t`.`a` AS `a`\nfrom `t`\nunion all\nselect\n  'x from y, z' AS `q`",
  ])('gives back a text that it gave: %s', (sql) => {
    expect(parseView(sql).sql).toBe(sql)
    expect(isViewSql(sql)).toBe(true)
  })
})
