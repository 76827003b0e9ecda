import type { Cases } from './case.ts'

/** Of rules about changes of columns. */
export const CHANGE_CASES: Cases = {
  'drop-table': {
    hits: [[{ from: { t: [], u: [] }, to: { t: [] } }, 'The table `u` goes, with all its rows.']],
    misses: [{ from: { t: [] }, to: { t: [], u: [] } }],
  },
  'drop-column': {
    hits: [
      [
        { from: { t: ['`a` int'] }, to: { t: [] } },
        'The column `t`.`a` goes, with all its values.',
      ],
    ],
    misses: [
      { from: { t: [] }, to: { t: ['`a` int'] } },
      { from: { t: ['`a` int GENERATED ALWAYS AS (1) VIRTUAL'] }, to: { t: [] } },
      { from: { t: ['`a` int'] }, to: { t: ['`A` int GENERATED ALWAYS AS (1) VIRTUAL'] } },
      { from: { t: ['`a` int'] }, to: {} },
    ],
  },
  'rename-as-drop-add': {
    hits: [
      [
        { from: { t: ['`a` int', '`b` date'] }, to: { t: ['`c` varchar(9)', '`d` int'] } },
        'The column `t`.`a` goes and `t`.`d`, of the same type, comes without its values.',
      ],
      [
        { from: { t: ['`a` int'] }, to: { u: ['`a` int'] } },
        'The table `t` goes and `u`, with the same columns, comes without its rows.',
      ],
    ],
    misses: [
      { from: { t: ['`a` int'] }, to: { t: ['`b` varchar(9)'] } },
      { from: { t: ['`a` int'] }, to: { t: ['`A` int'] } },
      { from: { t: ['`a` int'] }, to: { u: ['`a` date'] } },
      { from: { t: ['`a` int GENERATED ALWAYS AS (1) VIRTUAL'] }, to: { t: ['`b` int'] } },
    ],
  },
  'lossy-change': {
    hits: [],
    misses: [
      { from: { t: ['`a` int'] }, to: { t: ['`a` date'] } },
      { from: { t: ['`a` varchar(9)'] }, to: { t: ["`a` varchar(9) DEFAULT 'x'"] } },
      {
        from: { t: ['`a` bigint GENERATED ALWAYS AS (1) STORED'] },
        to: { t: ['`a` int GENERATED ALWAYS AS (1) STORED'] },
      },
    ],
  },
  'not-null-no-default': {
    hits: [
      [
        { from: { t: [] }, to: { t: ['`a` int NOT NULL'] } },
        'The new column `t`.`a` is NOT NULL without a default',
      ],
    ],
    misses: [
      {
        from: { t: [] },
        to: {
          t: ['`a` int', "`b` int NOT NULL DEFAULT '0'", '`d` date NOT NULL DEFAULT (curdate())'],
        },
      },
      { from: { t: [] }, to: { t: ['`g` int GENERATED ALWAYS AS (1) STORED NOT NULL'] } },
      { from: {}, to: { t: ['`a` int NOT NULL'] } },
      { from: { t: ['`a` int'] }, to: { t: ['`a` int NOT NULL'] } },
    ],
  },
  'not-null-may-fail': {
    hits: [
      [{ from: { t: ['`a` int'] }, to: { t: ['`a` int NOT NULL'] } }, '`t`.`a` becomes NOT NULL'],
    ],
    misses: [
      { from: { t: ['`a` int NOT NULL'] }, to: { t: ['`a` bigint NOT NULL'] } },
      { from: { t: ['`a` int NOT NULL'] }, to: { t: ['`a` int'] } },
    ],
  },
  'enum-reorder': {
    hits: [
      [
        { from: { t: ["`a` enum('x','y')"] }, to: { t: ["`a` enum('y','x')"] } },
        'Values of the ENUM `t`.`a`',
      ],
      [{ from: { t: ["`a` enum('x','y')"] }, to: { t: ["`a` enum('x','n','y')"] } }, '`t`.`a`'],
    ],
    misses: [
      { from: { t: ["`a` enum('x','y')"] }, to: { t: ["`a` enum('x','y','z')"] } },
      { from: { t: ["`a` set('x','y')"] }, to: { t: ["`a` set('y','x')"] } },
    ],
  },
  'enum-remove': {
    hits: [
      [
        { from: { t: ["`a` enum('x','it''s')"] }, to: { t: ["`a` enum('x')"] } },
        "The ENUM `t`.`a` loses 'it's';",
      ],
    ],
    misses: [{ from: { t: ["`a` enum('x','y')"] }, to: { t: ["`a` enum('y','x','z')"] } }],
  },
  'set-reorder': {
    hits: [
      [
        { from: { t: ["`a` set('x','y')"] }, to: { t: ["`a` set('y','x')"] } },
        'Values of the SET `t`.`a`',
      ],
    ],
    misses: [{ from: { t: ["`a` set('x','y')"] }, to: { t: ["`a` set('x','y','z')"] } }],
  },
  'set-remove': {
    hits: [
      [
        { from: { t: ["`a` set('x','y')"] }, to: { t: ["`a` set('x')"] } },
        "The SET `t`.`a` loses 'y';",
      ],
    ],
    misses: [{ from: { t: ["`a` set('x','y')"] }, to: { t: ["`a` set('x','y','z')"] } }],
  },
  'generated-column-change': {
    hits: [
      [
        { from: { t: ['`a` int'] }, to: { t: ['`a` int GENERATED ALWAYS AS (1) VIRTUAL'] } },
        '`t`.`a` becomes computed',
      ],
      [
        { from: { t: ['`a` int GENERATED ALWAYS AS (1) STORED'] }, to: { t: ['`a` int'] } },
        'ceases to be computed',
      ],
    ],
    misses: [
      {
        from: { t: ['`a` int GENERATED ALWAYS AS (1) STORED'] },
        to: { t: ['`a` int GENERATED ALWAYS AS (2) STORED'] },
      },
      { from: { t: [] }, to: { t: ['`a` int GENERATED ALWAYS AS (1) STORED'] } },
    ],
  },
}
