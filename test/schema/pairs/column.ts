import type { Flavour } from '../../../src/mysql/server.ts'
import type { Chance } from '../../support/seeded-random.ts'

/** What a column holds, for the keys and expressions that it can be part of. */
export type ColumnClass =
  | 'whole'
  | 'number'
  | 'time'
  | 'text'
  | 'long'
  | 'bytes'
  | 'list'
  | 'json'
  | 'shape'
  | 'other'

/** A column as `CREATE TABLE` takes it, with what decides which key it may be in. */
export type DrawnColumn = {
  readonly name: string
  readonly holds: ColumnClass
  readonly nullable: boolean
  readonly definition: string
}

/** Names that tell upper from lower case, need quotes, or are keywords. */
export const NAMES = ['a', 'b', 'c', 'd', 'e', 'Name', 'select', 'x`y', 'größe'] as const

export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** Texts in which every quote, escape and mark of a comment stands. */
const REMARKS = [
  "it''s",
  'a,b) /* no */ -- # ;',
  'back\\\\slash \\"quoted\\" `ticks`',
  'zwei\\nZeilen',
  '🪑 Tische',
  '100%',
] as const

export function remark(chance: Chance): string {
  return `'${chance.pick(REMARKS)}'`
}

export type Draw = { readonly chance: Chance; readonly flavour: Flavour }

/** Each draws a type, its class, and literals that fit it. */
type Kind = (chance: Chance) => {
  readonly type: string
  readonly holds: ColumnClass
  readonly literals: readonly string[]
}

const BOTH: readonly Kind[] = [
  (chance) => ({
    type: `${chance.pick(['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'BIGINT'])}${chance.pick(['', '', ' UNSIGNED', '(5) UNSIGNED ZEROFILL'])}`,
    holds: 'whole',
    literals: ['0', '7', "'1'"],
  }),
  () => ({ type: 'TINYINT(1)', holds: 'whole', literals: ['TRUE', '0'] }),
  (chance) => ({
    type: `DECIMAL(${chance.pick(['5', '10,2', '30,10'])})${chance.pick(['', ' UNSIGNED'])}`,
    holds: 'number',
    literals: ['0', '1.50', "'2'"],
  }),
  (chance) => ({
    type: chance.pick(['FLOAT', 'DOUBLE', 'DOUBLE(8,3)']),
    holds: 'number',
    literals: ['0', '1.5', '-3'],
  }),
  (chance) => ({
    type: `BIT(${chance.between(1, 20)})`,
    holds: 'whole',
    literals: ["b'1'", "b'0'"],
  }),
  () => ({ type: 'YEAR', holds: 'time', literals: ['2020', "'1999'"] }),
  () => ({ type: 'DATE', holds: 'time', literals: ["'2020-02-29'"] }),
  (chance) => ({
    type: `TIME${chance.pick(['', '(3)'])}`,
    holds: 'time',
    literals: ["'10:11:12'"],
  }),
  (chance) => ({
    type: `${chance.pick(['CHAR', 'VARCHAR'])}(${chance.pick([1, 20, 60])})`,
    holds: 'text',
    literals: ["''", "'x'", "'it''s (a) \\\\ `b`'"],
  }),
  (chance) => ({
    type: chance.pick(['TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT']),
    holds: 'long',
    literals: [],
  }),
  (chance) => ({
    type: chance.pick(['TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB']),
    holds: 'bytes',
    literals: [],
  }),
  (chance) => ({
    type: `${chance.pick(['BINARY', 'VARBINARY'])}(${chance.pick([1, 16])})`,
    holds: 'bytes',
    literals: ["'x'"],
  }),
  (chance) => ({
    type: chance.pick(["ENUM('a','b')", "ENUM('b','a','it''s, (so)')", "SET('a','b')"]),
    holds: 'list',
    literals: ["'a'", "'b'"],
  }),
  () => ({ type: 'JSON', holds: 'json', literals: [] }),
]

const ONLY: Readonly<Record<Flavour, readonly Kind[]>> = {
  mysql: [
    (chance) => ({
      type: `${chance.pick(['GEOMETRY', 'POINT', 'POLYGON'])}`,
      holds: 'shape',
      literals: [],
    }),
    (chance) => ({ type: `VECTOR(${chance.between(2, 9)})`, holds: 'other', literals: [] }),
  ],
  mariadb: [
    (chance) => ({
      type: chance.pick(['GEOMETRY', 'POINT', 'POLYGON']),
      holds: 'shape',
      literals: [],
    }),
    () => ({ type: 'UUID', holds: 'other', literals: ["'123e4567-e89b-12d3-a456-426614174000'"] }),
    (chance) => ({
      type: chance.pick(['INET6', 'INET4']),
      holds: 'other',
      literals: ["'1.2.3.4'"],
    }),
  ],
}

const COLLATIONS = [
  'CHARACTER SET latin1',
  'CHARACTER SET utf8mb3',
  'COLLATE utf8mb4_bin',
  'COLLATE utf8mb4_unicode_ci',
  'CHARACTER SET ascii COLLATE ascii_bin',
] as const

/** A column of this name; a computed one reads `id` or one of `others`. */
export function drawColumn(name: string, others: readonly DrawnColumn[], draw: Draw): DrawnColumn {
  const { chance, flavour } = draw
  if (chance.isLikely(0.18)) return computed(name, others, draw)
  if (chance.isLikely(0.12)) return moment(name, chance)
  const { type, holds, literals } = chance.pick([...BOTH, ...ONLY[flavour]])(chance)
  const nullable = chance.isLikely(0.6)
  const maybe = (share: number, text: () => string) => (chance.isLikely(share) ? text() : '')
  const preset = presetOf(holds, literals, draw)
  // MariaDB takes an invisible column only when it can be left out.
  const mayHide = nullable || preset !== '' || flavour === 'mysql'
  const definition = [
    type,
    TEXTS.includes(holds) ? maybe(0.3, () => chance.pick(COLLATIONS)) : '',
    nullable ? chance.pick(['', 'NULL']) : 'NOT NULL',
    holds === 'shape' && flavour === 'mysql' ? maybe(0.5, () => 'SRID 4326') : '',
    preset,
    maybe(0.2, () => `COMMENT ${remark(chance)}`),
    mayHide ? maybe(0.1, () => 'INVISIBLE') : '',
    holds === 'whole' && flavour === 'mariadb'
      ? maybe(0.15, () => `CHECK (${quoted(name)} <> 3)`)
      : '',
  ]
  return { name, holds, nullable, definition: definition.filter(Boolean).join(' ') }
}

const TEXTS: readonly ColumnClass[] = ['text', 'long', 'list']

function presetOf(
  holds: ColumnClass,
  literals: readonly string[],
  { chance, flavour }: Draw,
): string {
  if (chance.isLikely(0.5)) return ''
  if (holds === 'json') return 'DEFAULT (\'{"a": 1}\')'
  if (holds === 'long') return chance.isLikely(0.5) ? "DEFAULT ('long')" : ''
  if (holds === 'whole' && chance.isLikely(0.3)) return 'DEFAULT (1 + 2)'
  if (holds === 'text' && chance.isLikely(0.2)) {
    return flavour === 'mysql' ? "DEFAULT (concat('a', 'b'))" : 'DEFAULT (left(uuid(), 1))'
  }
  return literals.length === 0 ? '' : `DEFAULT ${chance.pick(literals)}`
}

function moment(name: string, chance: Chance): DrawnColumn {
  const fraction = chance.pick(['', '(3)', '(6)'])
  const type = `${chance.pick(['DATETIME', 'TIMESTAMP'])}${fraction}`
  const now = `CURRENT_TIMESTAMP${fraction}`
  const definition = chance.pick([
    `${type} NULL`,
    `${type} NULL DEFAULT '2020-01-02 03:04:05'`,
    `${type} NOT NULL DEFAULT ${now}`,
    `${type} NOT NULL DEFAULT ${now} ON UPDATE ${now}`,
    `${type} NULL DEFAULT NULL ON UPDATE ${now} COMMENT 'seen'`,
  ])
  return { name, holds: 'time', nullable: !definition.includes('NOT NULL'), definition }
}

function computed(
  name: string,
  others: readonly DrawnColumn[],
  { chance, flavour }: Draw,
): DrawnColumn {
  const [text] = others.filter(({ holds }) => holds === 'text')
  const [json] = others.filter(({ holds }) => holds === 'json')
  const whole = others.find(({ holds }) => holds === 'whole')?.name ?? 'id'
  const kept = chance.pick(['VIRTUAL', 'STORED'])
  const comment = chance.isLikely(0.2) ? ` COMMENT ${remark(chance)}` : ''
  if (text && chance.isLikely(0.4)) {
    const expression = `concat(${quoted(text.name)}, ',)')`
    return {
      name,
      holds: 'other',
      nullable: true,
      definition: `VARCHAR(90) AS (${expression}) ${kept}${comment}`,
    }
  }
  if (json && flavour === 'mysql' && chance.isLikely(0.5)) {
    const expression = `json_extract(${quoted(json.name)}, '$.a')`
    return {
      name,
      holds: 'other',
      nullable: true,
      definition: `JSON AS (${expression}) ${kept}${comment}`,
    }
  }
  const unset = flavour === 'mysql' && chance.isLikely(0.3) ? ' NOT NULL' : ''
  return {
    name,
    holds: 'other',
    nullable: unset === '',
    definition: `BIGINT AS (${quoted(whole)} + ${chance.between(1, 3)}) ${kept}${unset}${comment}`,
  }
}
