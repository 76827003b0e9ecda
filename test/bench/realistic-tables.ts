import { Chance } from '../support/seeded-random.ts'

/** `CREATE TABLE` statements as MySQL prints them, of two states of one schema. */
export type RealisticTables = {
  readonly former: readonly string[]
  readonly wanted: readonly string[]
}

/** Columns as applications have them: about 20 in a table, some of them long ENUMs and comments. */
const COLUMNS: readonly string[] = [
  "varchar(255) NOT NULL DEFAULT ''",
  'varchar(64) DEFAULT NULL',
  'int NOT NULL',
  "int unsigned NOT NULL DEFAULT '0'",
  'bigint unsigned DEFAULT NULL',
  "tinyint(1) NOT NULL DEFAULT '0'",
  "decimal(12,4) NOT NULL DEFAULT '0.0000'",
  'datetime DEFAULT NULL',
  'timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP',
  'date DEFAULT NULL',
  'text',
  'json DEFAULT NULL',
  'mediumblob',
  "enum('pending','processing','complete','closed','canceled','holded') NOT NULL DEFAULT 'pending'",
  "varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Identifier that the gateway gave it'",
]

/** Two states of a schema with so many tables; every tenth table differs in a column, an index, or both. */
export function realisticTables(count: number): RealisticTables {
  const chance = new Chance(20_261_123)
  const former: string[] = []
  const wanted: string[] = []
  for (let at = 0; at < count; at += 1) {
    const columns = Array.from(
      { length: chance.between(8, 32) },
      (_, index) =>
        `\`${chance.pick(WORDS)}_${chance.pick(WORDS)}_${index}\` ${chance.pick(COLUMNS)}`,
    )
    const names = columns
      .filter((column) => /` (?:varchar|int|bigint|datetime|date|enum)/.test(column))
      .map((column) => column.slice(0, column.indexOf('` ') + 1))
    const keys = Array.from(
      { length: Math.min(names.length, chance.between(1, 6)) },
      (_, index) => `KEY \`index_${at}_${index}\` (${names[index]},\`id\`)`,
    )
    const parent = at > 0 && chance.isLikely(0.4) ? chance.between(0, at - 1) : null
    const foreignKeys =
      parent === null
        ? []
        : [
            `KEY \`fk_${at}\` (\`parent_id\`)`,
            `CONSTRAINT \`fk_${at}\` FOREIGN KEY (\`parent_id\`) REFERENCES \`table_${parent}\` (\`id\`) ON DELETE CASCADE`,
          ]
    const isChanged = at % 10 === 0
    former.push(tableOf(at, columns, [...keys, ...foreignKeys]))
    wanted.push(
      isChanged
        ? tableOf(
            at,
            [...columns.slice(1), '`added` varchar(20) DEFAULT NULL'],
            [
              ...keys.filter((key) => !key.includes(columns[0]?.split(' ')[0] ?? '-')),
              'KEY `by_added` (`added`)',
              ...foreignKeys,
            ],
          )
        : tableOf(at, columns, [...keys, ...foreignKeys]),
    )
  }
  return { former, wanted }
}

const WORDS = [
  'customer',
  'order',
  'payment',
  'shipping',
  'status',
  'created',
  'updated',
  'total',
  'address',
  'product',
  'external',
  'reference',
] as const

function tableOf(at: number, columns: readonly string[], keys: readonly string[]): string {
  const items = [
    '`id` bigint unsigned NOT NULL AUTO_INCREMENT',
    '`parent_id` bigint unsigned DEFAULT NULL',
    ...columns,
    'PRIMARY KEY (`id`)',
    ...keys,
  ]
  return `CREATE TABLE \`table_${at}\` (\n  ${items.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci`
}
