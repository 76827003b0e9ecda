import { type Cases, many } from './case.ts'

/** Of rules about columns and their keys. */
export const COLUMN_CASES: Cases = {
  'duplicate-enum-value': {
    hits: [
      [{ to: { t: ["`a` enum('x','y','x')"] } }, "`t`.`a` lists 'x' more than once"],
      [{ to: { t: ["`a` set('x','x')"] } }, '`t`.`a`'],
    ],
    misses: [{ to: { t: ["`a` enum('x','y','it''s','it')"] } }],
  },
  'blob-in-unique-key': {
    hits: [
      [
        { to: { t: ['`a` text', 'UNIQUE KEY `u` (`a`(9))'] } },
        'The unique index `u` of `t` holds `a`, a TEXT of',
      ],
      [{ to: { t: ['`a` blob', 'UNIQUE KEY `u` (`a`)'] } }, 'a BLOB of'],
    ],
    misses: [
      { to: { t: ['`a` text', '`b` varchar(9)', 'UNIQUE KEY `u` (`b`)', 'KEY `k` (`a`(9))'] } },
    ],
  },
  'partial-key-in-unique-key': {
    hits: [
      [
        { to: { t: ['`a` varchar(99)', 'UNIQUE KEY `u` (`a`(9))'] } },
        'only at the first 9 characters of `a`',
      ],
    ],
    misses: [
      {
        to: {
          t: [
            '`a` varchar(99)',
            '`b` text',
            'UNIQUE KEY `u` (`a`)',
            'KEY `k` (`a`(9))',
            'UNIQUE KEY `x` (`b`(9))',
          ],
        },
      },
    ],
  },
  'pk-type': {
    hits: [
      [
        { to: { t: ['!`id` int unsigned NOT NULL AUTO_INCREMENT', '!PRIMARY KEY (`id`)'] } },
        'enough for 4,294,967,295 rows',
      ],
      [{ to: { t: ['!`id` char(36) NOT NULL', '!PRIMARY KEY (`id`)'] } }, 'looks like a UUID'],
      [{ to: { t: ['!`id` uuid NOT NULL', '!PRIMARY KEY (`id`)'] } }, 'come in no order'],
      [
        { to: { t: ['!`id` varchar(255) NOT NULL', '!PRIMARY KEY (`id`)'] } },
        'up to 255 characters',
      ],
    ],
    misses: [
      { to: { t: [] } },
      { to: { t: ['!`id` char(2) NOT NULL', '!PRIMARY KEY (`id`)'] } },
      { to: { t: ['!`id` int unsigned NOT NULL', '!PRIMARY KEY (`id`)'] } },
      { to: { t: ['!`a` char(36) NOT NULL', '!`b` int NOT NULL', '!PRIMARY KEY (`a`,`b`)'] } },
    ],
  },
  'auto-inc-headroom': {
    hits: [
      [
        { to: { t: ['!`id` int NOT NULL AUTO_INCREMENT', '!PRIMARY KEY (`id`)'] } },
        '`t`.`id` counts up to 2,147,483,647',
      ],
      [
        {
          to: { t: ['!`id` smallint(5) unsigned NOT NULL AUTO_INCREMENT', '!PRIMARY KEY (`id`)'] },
        },
        '65,535',
      ],
    ],
    misses: [
      { to: { t: ['!`id` int unsigned NOT NULL AUTO_INCREMENT', '!PRIMARY KEY (`id`)'] } },
      {
        to: { t: ['!`id` bigint NOT NULL AUTO_INCREMENT', '!`n` tinyint', '!PRIMARY KEY (`id`)'] },
      },
    ],
  },
  'redundant-index': {
    hits: [
      [
        { to: { t: ['`a` int', '`b` int', 'KEY `k` (`a`)', 'KEY `l` (`a`,`b`)'] } },
        'The index `k` of `t` is the beginning of the index `l`,',
      ],
      [
        { to: { t: ['`a` int', 'KEY `k` (`a`)', 'UNIQUE KEY `u` (`a`)'] } },
        'of the unique index `u`',
      ],
      [{ to: { t: ['KEY `k` (`id`)'] } }, 'of the primary key `PRIMARY`'],
    ],
    misses: [
      { to: { t: ['`a` int', '`b` int', 'KEY `k` (`b`)', 'KEY `l` (`a`,`b`)'] } },
      { to: { t: ['`a` int', '`b` int', 'UNIQUE KEY `k` (`a`)', 'KEY `l` (`a`,`b`)'] } },
      {
        to: {
          t: ['`a` int', '`b` int', 'KEY `k` (`a`) /*!80000 INVISIBLE */', 'KEY `l` (`a`,`b`)'],
        },
      },
      { to: { t: ['`a` varchar(9)', '`b` int', 'KEY `k` (`a`)', 'KEY `l` (`a`(3),`b`)'] } },
      { to: { t: ['`a` int', '`b` int', 'KEY `k` (`a` DESC)', 'KEY `l` (`a`,`b`)'] } },
      {
        to: { t: ['`a` text', '`b` text', 'FULLTEXT KEY `k` (`a`)', 'FULLTEXT KEY `l` (`a`,`b`)'] },
      },
    ],
  },
  'duplicate-index': {
    hits: [
      [
        { to: { t: ['`a` int', 'KEY `k` (`a`)', 'KEY `l` (`a`)'] } },
        'The index `l` of `t` is over the same columns as the index `k`,',
      ],
      [{ to: { t: ['UNIQUE KEY `u` (`id`)'] } }, 'as the primary key `PRIMARY`'],
    ],
    misses: [
      { to: { t: ['`a` int', '`b` int', 'KEY `k` (`a`,`b`)', 'KEY `l` (`b`,`a`)'] } },
      { to: { t: ['`a` int', 'KEY `k` (`a`)', 'UNIQUE KEY `u` (`a`)'] } },
      {
        to: {
          t: [
            '`a` text',
            'FULLTEXT KEY `k` (`a`)',
            'FULLTEXT KEY `l` (`a`) /*!50100 WITH PARSER `ngram` */',
          ],
        },
      },
    ],
  },
  'too-many-indexes': {
    hits: [
      [
        {
          to: {
            t: [
              ...many(17, (at) => `\`c${at}\` int`),
              ...many(17, (at) => `KEY \`k${at}\` (\`c${at}\`)`),
            ],
          },
        },
        'has 17 indexes',
      ],
    ],
    misses: [
      {
        to: {
          t: [
            ...many(16, (at) => `\`c${at}\` int`),
            ...many(16, (at) => `KEY \`k${at}\` (\`c${at}\`)`),
          ],
        },
      },
    ],
  },
  float: {
    hits: [
      [{ to: { t: ['`a` float(7,2)'] } }, '`t`.`a` is a FLOAT'],
      [{ to: { t: ['`a` double'] } }, 'DOUBLE'],
    ],
    misses: [{ to: { t: ['`a` decimal(7,2)', '`floats` int'] } }],
  },
  'timestamp-2038': {
    hits: [[{ to: { t: ['`a` timestamp(3) NULL'] } }, '`t`.`a` is a TIMESTAMP']],
    misses: [{ to: { t: ['`a` datetime DEFAULT CURRENT_TIMESTAMP'] } }],
  },
  'zero-date': {
    hits: [
      [
        { to: { t: ["`a` datetime NOT NULL DEFAULT '0000-00-00 00:00:00'"] } },
        'The default of `t`.`a`',
      ],
      [{ to: { t: ["`a` date NOT NULL DEFAULT '2020-00-01'"] } }, '`t`.`a`'],
    ],
    misses: [
      {
        to: {
          t: [
            "`a` date DEFAULT '2020-10-10'",
            "`b` varchar(20) DEFAULT '0000-00-00'",
            '`c` datetime DEFAULT CURRENT_TIMESTAMP',
          ],
        },
      },
    ],
  },
}
