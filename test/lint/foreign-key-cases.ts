import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { type Cases, fk } from './case.ts'

function ringOf(count: number): Record<string, string[]> {
  const name = (at: number) => `t${String(at % count).padStart(3, '0')}`
  const tables = Array.from({ length: count }, (_, at): [string, string[]] => [
    name(at),
    ['`p` bigint', fk('p', name(at + 1))],
  ])
  return Object.fromEntries(tables)
}

/** Of rules about foreign keys. */
export const FOREIGN_KEY_CASES: Cases = {
  'collation-mismatch': {
    hits: [
      [
        {
          to: {
            p: ['`c` char(2) COLLATE utf8mb4_bin NOT NULL', 'UNIQUE KEY `c` (`c`)'],
            t: ['`c` char(2)', fk('c', 'p', 'c')],
          },
        },
        '`t`.`c` (utf8mb4_0900_ai_ci) refers to `p`.`c` (utf8mb4_bin)',
      ],
    ],
    misses: [
      {
        to: {
          p: ['`c` char(2)', 'UNIQUE KEY `c` (`c`)'],
          t: ['`c` varchar(2)', fk('c', 'p', 'c')],
        },
      },
      { to: { p: [], t: ['`c` bigint', fk('c', 'p')] } },
    ],
  },
  'foreign-keys-nonexistent-table': {
    hits: [
      [
        { to: { t: ['`p` bigint unsigned', fk('p', 'gone')] } },
        'The foreign key `p_fk` of `t` refers to `gone`',
      ],
    ],
    misses: [
      { to: { P: [], t: ['`p` bigint unsigned', fk('p', 'p')] } },
      {
        to: { t: ['`p` bigint', 'CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `other`.`p` (`id`)'] },
      },
    ],
  },
  'foreign-keys-unresolved': {
    hits: [
      [
        { to: { p: [], t: ['`p` bigint', fk('p', 'p', 'uid')] } },
        'refers to `p`.`uid`, which does not exist',
      ],
      [
        { to: { p: ['`a` int'], t: ['`p` int', fk('p', 'p', 'a')] } },
        'and no index there begins with that',
      ],
    ],
    misses: [
      { to: { p: ['`a` int', '`b` int', 'KEY `k` (`a`,`b`)'], t: ['`p` int', fk('p', 'p', 'A')] } },
      { to: { t: ['`p` bigint unsigned', fk('p', 'gone')] } },
    ],
  },
  'foreign-keys-circular': {
    hits: [
      [
        {
          to: {
            a: ['`b` bigint', fk('b', 'b')],
            b: ['`c` bigint', fk('c', 'c')],
            c: ['`a` bigint', fk('a', 'a')],
          },
        },
        'The foreign keys of `a`, `b` and `c` go round in a circle,',
      ],
      [{ to: ringOf(300) }, 'and 295 more go round in a circle,'],
    ],
    misses: [{ to: { a: ['`b` bigint', fk('b', 'b'), '`a` bigint', fk('a', 'a')], b: [] } }],
  },
  'fk-parent-type': {
    hits: [
      [
        { to: { p: [], t: ['`p` int', fk('p', 'p')] } },
        '`t`.`p` is INT, but `p`.`id`, to which it refers, is BIGINT UNSIGNED.',
      ],
      [{ to: { p: [], t: ['`p` bigint', fk('p', 'p')] } }, 'is BIGINT, but'],
      [{ to: { p: [], t: ['`p` varchar(9)', fk('p', 'p')] } }, 'is VARCHAR, but'],
    ],
    misses: [
      { to: { p: [], t: ['`p` bigint(20) unsigned', fk('p', 'p')] } },
      { to: { p: ['`c` year', 'KEY `c` (`c`)'], t: ['`c` tinyint unsigned', fk('c', 'p', 'c')] } },
      { to: { p: ['`c` varchar(9)', 'KEY `c` (`c`)'], t: ['`c` varchar(99)', fk('c', 'p', 'c')] } },
    ],
  },
  fk: {
    hits: [[{ to: { p: [], t: ['`p` bigint unsigned', fk('p', 'p')] } }, 'ties `t` to `p`']],
    misses: [{ to: { p: [] } }],
  },
  'inline-references-noop': {
    hits: [
      [
        {
          to: { t: ['`p` bigint'] },
          sources: checkSchemaFile(
            'CREATE TABLE t (id BIGINT, p BIGINT REFERENCES p (id))',
            't.sql',
          ),
        },
        'The REFERENCES of `t`.`p` makes no foreign key',
      ],
    ],
    misses: [
      {
        to: { p: [], t: ['`p` bigint unsigned', fk('p', 'p')] },
        sources: checkSchemaFile('CREATE TABLE t (id BIGINT, P BIGINT REFERENCES p (id))', 't.sql'),
      },
      {
        to: { t: ['`p` bigint'] },
        sources: checkSchemaFile('CREATE TABLE t (id BIGINT, p BIGINT)', 't.sql'),
      },
    ],
  },
  'drop-fk': {
    hits: [
      [
        { from: { p: [], t: ['`p` bigint', fk('p', 'p')] }, to: { p: [], t: ['`p` bigint'] } },
        'removes the foreign key `p_fk` from `t` to `p`',
      ],
    ],
    misses: [
      {
        from: { p: [], t: ['`p` bigint', fk('p', 'p')] },
        to: { p: [], t: ['`p` bigint', `${fk('p', 'p')} ON DELETE CASCADE`] },
      },
      {
        from: { p: [], t: ['`p` bigint', fk('p', 'p')] },
        to: { p: [], t: ['`p` bigint', fk('p', 'p', 'id', 'other')] },
      },
    ],
  },
  'fk-parent-change': {
    hits: [
      [
        {
          from: { p: [], t: ['`p` bigint', fk('p', 'p')] },
          to: { p: ['`a` int'], t: ['`p` bigint', fk('p', 'p')] },
        },
        '`p` cannot be changed by a copy: foreign keys of `t` point to it.',
      ],
      [
        { from: { p: [], t: ['`p` bigint'] }, to: { p: [], t: ['`p` bigint', fk('p', 'p')] } },
        'adds the foreign key `p_fk` to `t`',
      ],
    ],
    misses: [
      { from: { p: [] }, to: { p: [], t: ['`p` bigint', fk('p', 'p')] } },
      {
        from: { p: [], t: ['`p` bigint', fk('p', 'p')] },
        to: { p: [], t: ['`p` bigint', '`a` int', fk('p', 'p')] },
      },
    ],
  },
}
