import { type Cases, many, UTF8 } from './case.ts'

/** Of rules about changes of keys and tables. */
export const ALTERATION_CASES: Cases = {
  'unique-may-fail': {
    hits: [
      [
        { from: { t: ['`a` int'] }, to: { t: ['`a` int', 'UNIQUE KEY `u` (`a`)'] } },
        'The new unique index `u` of `t` over `a`',
      ],
      [
        {
          from: { t: ['`a` int', 'KEY `u` (`a`)'] },
          to: { t: ['`a` int', 'UNIQUE KEY `u` (`a`)'] },
        },
        '`u`',
      ],
      [
        {
          from: { t: ['`a` varchar(9)', 'UNIQUE KEY `u` (`a`)'] },
          to: { t: ['`a` varchar(9)', 'UNIQUE KEY `u` (`a`(3))'] },
        },
        '`u`',
      ],
      [
        {
          from: { t: ['`a` varchar(9) COLLATE utf8mb4_bin', 'UNIQUE KEY `u` (`a`)'] },
          to: { t: ['`a` varchar(9)', 'UNIQUE KEY `u` (`a`)'] },
        },
        'will compare `a` by utf8mb4_0900_ai_ci instead of utf8mb4_bin',
      ],
    ],
    misses: [
      {
        from: { t: ['`a` varchar(9)', 'UNIQUE KEY `u` (`a`)'] },
        to: { t: ['`a` varchar(9) COLLATE utf8mb4_bin', 'UNIQUE KEY `u` (`a`)'] },
      },
      {
        from: { t: ['!`a` int NOT NULL', '!PRIMARY KEY (`a`)'] },
        to: {
          t: ['!`a` int NOT NULL', '!`n` bigint NOT NULL AUTO_INCREMENT', '!PRIMARY KEY (`n`)'],
        },
      },
      {
        from: { t: ['`a` int', 'UNIQUE KEY `u` (`a`)'] },
        to: { t: ['`a` int', 'UNIQUE KEY `v` (`a`)'] },
      },
      {
        from: { t: ['`a` int'] },
        to: { t: ['`a` int', 'UNIQUE KEY `u` (`a`,`id`)', 'KEY `k` (`a`)'] },
      },
      { from: {}, to: { t: ['`a` int', 'UNIQUE KEY `u` (`a`)'] } },
    ],
  },
  'check-may-fail': {
    hits: [
      [
        { from: { t: [] }, to: { t: ['CONSTRAINT `c` CHECK ((`id` > 0))'] } },
        'The new CHECK `c` of `t`',
      ],
    ],
    misses: [
      {
        from: { t: ['CONSTRAINT `a` CHECK ((`id` > 0))'] },
        to: { t: ['CONSTRAINT `b` CHECK ((`id` > 0))'] },
      },
      {
        from: { t: [] },
        to: { t: ['CONSTRAINT `c` CHECK ((`id` > 0)) /*!80016 NOT ENFORCED */'] },
      },
      { from: {}, to: { t: ['CONSTRAINT `c` CHECK ((`id` > 0))'] } },
    ],
  },
  'pk-change': {
    hits: [
      [
        { from: { t: [] }, to: { t: ['!`id` bigint unsigned NOT NULL'] } },
        'The table `t` loses its primary key.',
      ],
      [
        {
          from: { t: [] },
          to: {
            t: ['!`id` bigint unsigned NOT NULL', '!`a` int NOT NULL', '!PRIMARY KEY (`id`,`a`)'],
          },
        },
        'The primary key of `t` changes.',
      ],
    ],
    misses: [
      { from: { t: ['!`id` bigint NOT NULL'] }, to: { t: [] } },
      { from: { t: [] }, to: { t: ['`a` int'] } },
    ],
  },
  'invisible-first': {
    hits: [
      [
        { from: { t: ['`a` int', 'KEY `k` (`a`)'] }, to: { t: ['`a` int'] } },
        'The index `k` of `t` goes without having been hidden',
      ],
    ],
    misses: [
      { from: { t: ['`a` int', 'KEY `k` (`a`) /*!80000 INVISIBLE */'] }, to: { t: ['`a` int'] } },
      { from: { t: ['`a` int', 'KEY `k` (`a`)'] }, to: { t: [] } },
      { from: { t: ['`a` int', 'KEY `k` (`a`)'] }, to: { t: ['`a` int', 'KEY `l` (`a`,`id`)'] } },
    ],
  },
  repartition: {
    hits: [
      [
        {
          from: { t: [] },
          to: { t: [] },
          options: `${UTF8}\n/*!50100 PARTITION BY HASH (\`id\`)\nPARTITIONS 4 */`,
        },
        'The partitions of `t` change',
      ],
      [
        {
          from: { t: [] },
          to: { t: [] },
          fromOptions: `${UTF8}\n/*!50100 PARTITION BY HASH (\`id\`)\nPARTITIONS 4 */`,
        },
        '`t`',
      ],
    ],
    misses: [
      {
        from: {},
        to: { t: [] },
        options: `${UTF8}\n/*!50100 PARTITION BY HASH (\`id\`)\nPARTITIONS 4 */`,
      },
    ],
  },
  'deploy-order': {
    hits: [
      [{ from: {}, to: { t: [] } }, '`t`: deploy the schema first'],
      [{ from: { t: ['`a` int'] }, to: { t: [] } }, '`t`: deploy code that no longer uses'],
      [{ from: { t: ['`a` int'] }, to: { t: ['`b` int'] } }, 'easier as two deploy requests'],
    ],
    misses: [{ from: { t: ['`a` int'] }, to: { t: ['`a` bigint'] } }],
  },
  'instant-possible': {
    hits: [
      [
        {
          from: { t: [] },
          to: {
            t: [
              '`a` int',
              "`b` varchar(9) NOT NULL DEFAULT 'x'",
              '`c` datetime DEFAULT CURRENT_TIMESTAMP',
            ],
          },
        },
        'The change of `t` could probably',
      ],
      [{ from: { t: ['`a` int'] }, to: { t: ['`b` int'] } }, '`t`'],
      [{ from: { t: ["`a` int DEFAULT '1'"] }, to: { t: ["`a` int DEFAULT '2'"] } }, '`t`'],
      [{ from: { t: ["`a` enum('x')"] }, to: { t: ["`a` enum('x','y')"] } }, '`t`'],
    ],
    misses: [
      { from: { t: ['`a` int'] }, to: { t: ['`a` bigint'] } },
      { from: { t: ['`a` int'] }, to: { t: ['`a` int NOT NULL'] } },
      { from: { t: ['`a` int'] }, to: { t: ['`a` int', 'KEY `k` (`a`)'] } },
      { from: { t: [] }, to: { t: ['`a` varchar(36) DEFAULT (uuid())'] } },
      { from: { t: ["`a` enum('x','y')"] }, to: { t: ["`a` enum('y','x')"] } },
      {
        from: { t: [`\`a\` enum(${many(255, (at) => `'${at}'`).join()})`] },
        to: { t: [`\`a\` enum(${many(256, (at) => `'${at}'`).join()})`] },
      },
      {
        from: { t: ['`x` text', 'FULLTEXT KEY `f` (`x`)'] },
        to: { t: ['`x` text', '`a` int', 'FULLTEXT KEY `f` (`x`)'] },
      },
    ],
  },
  'copy-cost': {
    hits: [
      [
        { from: { t: ['`a` int'] }, to: { t: ['`a` bigint'] } },
        'The change of `t` copies all its rows,',
      ],
    ],
    misses: [{ from: { t: [] }, to: { t: ['`a` int'], u: [] } }],
  },
}
