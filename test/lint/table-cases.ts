import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { type Cases, fk } from './case.ts'

/** Of rules about whole tables. */
export const TABLE_CASES: Cases = {
  'no-unique-key': {
    hits: [
      [{ to: { t: ['!`a` int NOT NULL'] } }, 'The table `t` has no primary or unique key'],
      [{ to: { t: ['!`a` int', '!UNIQUE KEY `a` (`a`)'] } }, '`t`'],
      [{ to: { t: ['!`a` double NOT NULL', '!PRIMARY KEY (`a`)'] } }, '`t`'],
      [{ to: { t: ['!`a` varchar(9) NOT NULL', '!UNIQUE KEY `a` (`a`(3))'] } }, '`t`'],
    ],
    misses: [{ to: { t: [] } }, { to: { t: ['!`a` int NOT NULL', '!UNIQUE KEY `a` (`a`)'] } }],
  },
  'engine-innodb-only': {
    hits: [[{ to: { t: [] }, options: 'ENGINE=MyISAM' }, 'The table `t` has the engine MyISAM.']],
    misses: [{ to: { t: [] } }],
  },
  'invalid-charset': {
    hits: [
      [{ to: { t: [] }, options: 'ENGINE=InnoDB DEFAULT CHARSET=latin1' }, 'character set latin1'],
      [
        { to: { t: ['`a` varchar(9) CHARACTER SET utf8mb3 NOT NULL'] } },
        '`t`.`a` has the character set utf8mb3',
      ],
    ],
    misses: [
      { to: { t: ['`a` varchar(9)', '`h` char(64) CHARACTER SET ascii COLLATE ascii_bin'] } },
      { to: { t: ['`a` varchar(9) COLLATE utf8mb4_bin', '`n` int'] } },
    ],
  },
  'mixed-collations': {
    hits: [
      [
        { to: { t: ['`a` varchar(9)', '`b` text COLLATE utf8mb4_general_ci'] } },
        'mixes 2 collations: utf8mb4_0900_ai_ci (`a`) and utf8mb4_general_ci (`b`)',
      ],
    ],
    misses: [
      {
        to: {
          t: ['`a` varchar(9)', '`b` text COLLATE utf8mb4_bin', '`c` char(2) CHARACTER SET ascii'],
        },
      },
      {
        to: {
          t: ['`a` varchar(9)', '`b` varchar(9) CHARACTER SET latin1 COLLATE latin1_swedish_ci'],
        },
        options: 'ENGINE=InnoDB DEFAULT CHARSET=latin1',
      },
    ],
  },
  'reserved-word': {
    hits: [
      [{ to: { order: [] } }, 'The table name `order` is a reserved word of MySQL and MariaDB'],
      [{ to: { t: ['`rank` int'] } }, 'The column name `t`.`rank` is a reserved word of MySQL:'],
      [{ to: { t: ['`Offset` int'] } }, 'of MariaDB'],
    ],
    misses: [{ to: { orders: ['`name` int', '`status` int', '`date` date'] } }],
  },
  'name-case': {
    hits: [
      [{ to: { Orders: [] } }, 'The table name `Orders` has upper-case letters,'],
      [{ to: { Orders: [], orders: [] } }, 'The table names `Orders` and `orders` differ only'],
    ],
    misses: [{ to: { orders: ['`userId` int'] } }],
  },
  'name-length': {
    hits: [
      [
        { to: { p: [], t: ['`p` bigint', fk('p', 'p', 'id', 'f'.repeat(55))] } },
        'has 55 characters, 1 more',
      ],
      [{ to: { t: [`CONSTRAINT \`${'c'.repeat(64)}\` CHECK ((\`id\` > 0))`] } }, '10 more'],
    ],
    misses: [
      { to: { p: [], t: ['`p` bigint', fk('p', 'p', 'id', 'f'.repeat(54))] } },
      {
        to: {
          p: [],
          ['t'.repeat(50)]: ['`p` bigint', fk('p', 'p', 'id', `${'t'.repeat(50)}_ibfk_1`)],
        },
      },
      { to: { t: ['`a` int', `KEY \`${'k'.repeat(64)}\` (\`a\`)`] } },
    ],
  },
  'row-size-limit': {
    hits: [[{ to: { t: ['`a` varchar(15000) NOT NULL'] } }, 'can have 60,010 bytes of the 65,535']],
    misses: [
      { to: { t: ['`a` varchar(10000)', '`b` longtext', '`c` json'] } },
      { to: { t: ['`a` varchar(15000) CHARACTER SET latin1'] } },
      { to: { t: ['`a` varchar(15000) GENERATED ALWAYS AS (1) VIRTUAL'] } },
    ],
  },
  'rename-hint': {
    hits: [
      [
        {
          to: { t: ['`b` int'] },
          sources: checkSchemaFile(
            'CREATE TABLE t (id BIGINT, b INT -- crossfade:renamed-from a\n, PRIMARY KEY (id))',
            't.sql',
          ),
          from: { t: ['`c` int'] },
        },
        'there is no such column now',
      ],
    ],
    misses: [
      {
        to: { t: ['`b` int'] },
        sources: checkSchemaFile(
          'CREATE TABLE t (id BIGINT, b INT -- crossfade:renamed-from a\n, PRIMARY KEY (id))',
          't.sql',
        ),
        from: { t: ['`a` int'] },
      },
    ],
  },
  suppression: {
    hits: [
      [
        {
          to: { t: [] },
          sources: checkSchemaFile(
            '-- crossfade:ignore float\nCREATE TABLE t (id BIGINT)',
            't.sql',
          ),
        },
        'gives no reason',
      ],
    ],
    misses: [
      {
        to: { t: [] },
        sources: checkSchemaFile(
          '-- crossfade:ignore float: measured\nCREATE TABLE t (id BIGINT)',
          't.sql',
        ),
      },
    ],
  },
}
