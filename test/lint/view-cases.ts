import { type Cases, many } from './case.ts'

const OF_ORDERS = 'select `orders`.`id` AS `id`,`orders`.`total` AS `total` from `orders`'

/** Of rules about views, triggers, pages and what cannot be changed. */
export const VIEW_CASES: Cases = {
  'invalid-table-referenced-in-view': {
    hits: [
      [{ to: { t: [] }, views: { v: OF_ORDERS } }, 'The view `v` reads `orders`, and there is no'],
      [
        { to: { orders: ['`total` int'] }, views: { v: `${OF_ORDERS} join \`t\`` } },
        'The view `v` reads `t`',
      ],
    ],
    misses: [
      { to: { orders: ['`total` int'] }, views: { v: OF_ORDERS } },
      { to: { t: [] }, views: { v: 'select `w`.`id` AS `id` from `w`', w: 'select 1 AS `id`' } },
      {
        to: { t: [] },
        views: { v: OF_ORDERS },
        unmanaged: [{ kind: 'view', name: 'orders', table: null }],
      },
    ],
  },
  'invalid-column-referenced-in-view': {
    hits: [
      [
        { to: { orders: [] }, views: { v: OF_ORDERS } },
        'The view `v` reads the column `orders`.`total`, and there is no such column.',
      ],
      [
        {
          to: { orders: [], items: [] },
          views: {
            v: 'select `o`.`id` AS `id` from (`orders` `o` join `items` `i` on((`i`.`order_id` = `o`.`id`)))',
          },
        },
        'reads the column `items`.`order_id`',
      ],
    ],
    misses: [
      { to: { orders: ['`Total` int'] }, views: { v: OF_ORDERS } },
      { to: { t: [] }, views: { v: OF_ORDERS } },
      {
        to: { orders: [] },
        views: {
          v: 'select `d`.`n` AS `n` from (select count(0) AS `n` from `orders` `d`) `d`',
          w: 'with `orders` as (select 1 AS `x`) select `orders`.`x` AS `x` from `orders`',
        },
      },
      {
        to: { orders: ['`a` int'], items: ['`b` int'] },
        views: {
          v: 'select (select `x`.`a` AS `a` from `orders` `x`) AS `a`,(select `x`.`b` AS `b` from `items` `x`) AS `b`',
        },
      },
    ],
  },
  'trigger-on-change': {
    hits: [
      [
        {
          from: { t: [] },
          to: { t: ['`a` int'] },
          unmanaged: [
            { kind: 'trigger', name: 'log', table: 't' },
            { kind: 'trigger', name: 'audit', table: 't' },
          ],
        },
        'The table `t` has the triggers `log` and `audit`, so the deployment is refused.',
      ],
      [
        {
          from: { t: [], old: [] },
          to: { t: [] },
          unmanaged: [{ kind: 'trigger', name: 'log', table: 'old' }],
        },
        'The table `old` has the trigger `log`',
      ],
    ],
    misses: [
      {
        from: { t: [] },
        to: { t: ['`a` int'], new: [] },
        unmanaged: [
          { kind: 'trigger', name: 'log', table: 'other' },
          { kind: 'trigger', name: 'log', table: 'new' },
          { kind: 'procedure', name: 't', table: null },
        ],
      },
      {
        from: { t: [] },
        to: { t: [] },
        unmanaged: [{ kind: 'trigger', name: 'log', table: 't' }],
      },
    ],
  },
  'unsupported-feature': {
    hits: [
      [
        { to: { t: [] }, options: 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 WITH SYSTEM VERSIONING' },
        'The table `t` has SYSTEM VERSIONING',
      ],
      [
        {
          to: {
            t: [
              '`a` date NOT NULL',
              '`b` date NOT NULL',
              'UNIQUE KEY `u` (`id`,`p` WITHOUT OVERLAPS)',
              'PERIOD FOR `p` (`a`, `b`)',
            ],
          },
        },
        'a key WITHOUT OVERLAPS',
      ],
    ],
    misses: [{ to: { t: ['`overlaps` int', 'KEY `overlaps` (`overlaps`)'] } }],
  },
  'page-limit': {
    hits: [
      [{ to: { t: many(140, (at) => `\`c${at}\` varchar(15)`) } }, 'A row of `t` can need 8,584'],
      [{ to: { t: many(200, (at) => `\`c${at}\` text`) } }, '`t`'],
      [
        {
          to: { t: many(11, (at) => `\`c${at}\` text`) },
          options: 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=COMPACT',
        },
        '`t`',
      ],
    ],
    misses: [
      { to: { t: many(130, (at) => `\`c${at}\` varchar(15)`) } },
      { to: { t: many(190, (at) => `\`c${at}\` text`) } },
      { to: { t: many(60, (at) => `\`c${at}\` varchar(200)`) } },
    ],
  },
}
