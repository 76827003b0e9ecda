import type { Chance } from '../../support/seeded-random.ts'
import { type Draw, type DrawnColumn, drawColumn, NAMES, quoted, remark } from './column.ts'

/** The parts of a table, so that a second one can take over some of them. */
export type DrawnTable = {
  readonly name: string
  readonly columns: readonly DrawnColumn[]
  readonly keys: readonly string[]
  readonly checks: readonly string[]
  readonly foreignKeys: readonly string[]
  readonly options: string
  readonly partition: string
}

/** The tables that a schema is drawn of. Every one has an `id` that others can refer to. */
export const TABLES = ['orders', 't', 'Users'] as const

export function statementOf(table: DrawnTable): string {
  const items = [
    ...table.columns.map(({ name, definition }) => `${quoted(name)} ${definition}`),
    ...table.keys,
    ...table.checks,
    ...table.foreignKeys,
  ]
  return `CREATE TABLE ${quoted(table.name)} (\n  ${items.join(',\n  ')}\n)${table.options}${table.partition}`
}

/** A table, like `former` in most of its parts when there is one. Not every one is such that the server takes it. */
export function drawTable(name: string, former: DrawnTable | null, draw: Draw): DrawnTable {
  const { chance } = draw
  const columns = drawColumns(former, draw)
  const keep = <T>(kept: T | undefined, make: () => T) =>
    kept !== undefined && chance.isLikely(0.6) ? kept : make()
  const partition = keep(former?.partition, () => drawPartition(draw))
  return {
    name,
    columns,
    keys: [primaryKey(columns, partition, draw), ...drawKeys(columns, draw)],
    checks: keep(former?.checks, () => drawChecks(name, draw)),
    foreignKeys: partition === '' ? drawForeignKeys(name, former, draw) : [],
    options: keep(former?.options, () => drawOptions(draw)),
    partition,
  }
}

function drawColumns(former: DrawnTable | null, draw: Draw): readonly DrawnColumn[] {
  const { chance } = draw
  const id = {
    name: 'id',
    holds: 'whole',
    nullable: false,
    definition: `${chance.isLikely(0.85) ? 'INT' : 'BIGINT UNSIGNED'} NOT NULL`,
  } as const
  const kept = new Map(former?.columns.map((column) => [column.name, column]))
  const names = chance.some(NAMES, 1).toSorted(() => (chance.isLikely(0.15) ? 1 : 0))
  const columns: DrawnColumn[] = [chance.isLikely(0.8) ? (kept.get('id') ?? id) : id]
  for (const name of names) {
    const same = kept.get(name)
    columns.push(same && chance.isLikely(0.7) ? same : drawColumn(name, columns, draw))
  }
  // A parent's row for the foreign keys.
  const parent = kept.get('parent_id') ?? {
    name: 'parent_id',
    holds: 'whole' as const,
    nullable: true,
    definition: columns[0]?.definition.replace(' NOT NULL', '') ?? 'INT',
  }
  columns.splice(chance.between(0, columns.length), 0, parent)
  return columns
}

function primaryKey(columns: readonly DrawnColumn[], partition: string, { chance }: Draw): string {
  const more = columns.filter(
    ({ holds, nullable, name, definition }) =>
      name !== 'id' &&
      !nullable &&
      ['whole', 'time', 'text'].includes(holds) &&
      !definition.includes(' AS '),
  )
  const also = partition === '' && chance.isLikely(0.25) ? more.slice(0, 1) : []
  const names = [quoted('id'), ...also.map(({ name }) => quoted(name))]
  return `PRIMARY KEY (${names.join(', ')})`
}

const KEY_NAMES = ['k', 'l', 'by_name', 'K2', 'odd`key'] as const

function drawKeys(columns: readonly DrawnColumn[], draw: Draw): readonly string[] {
  const { chance } = draw
  return chance.some(KEY_NAMES, 0).flatMap((name) => {
    const key = specialKey(name, columns, draw) ?? plainKey(name, columns, draw)
    return key === null ? [] : [`${key}${keyTail(draw)}`]
  })
}

function keyTail({ chance, flavour }: Draw): string {
  const comment = chance.isLikely(0.2) ? ` COMMENT ${remark(chance)}` : ''
  const hidden = flavour === 'mysql' ? ' INVISIBLE' : ' IGNORED'
  return `${comment}${chance.isLikely(0.2) ? hidden : ''}`
}

function plainKey(name: string, columns: readonly DrawnColumn[], { chance }: Draw): string | null {
  const drawn = chance.some(columns, 1).slice(0, 3)
  const parts = drawn.flatMap((column) => partOf(column, chance))
  if (parts.length === 0) return null
  if (chance.isLikely(0.7)) return `KEY ${quoted(name)} (${parts.join(', ')})`
  // A unique key of a partitioned table must hold the columns that it is partitioned by.
  const list = [...new Set([...parts, quoted('id')])].join(', ')
  return `UNIQUE KEY ${quoted(name)} (${list})`
}

function partOf({ name, holds, definition }: DrawnColumn, chance: Chance): readonly string[] {
  const direction = chance.isLikely(0.25) ? ' DESC' : ''
  switch (holds) {
    case 'long':
      return [`${quoted(name)}(${chance.pick([5, 9])})${direction}`]
    case 'bytes':
      return definition.includes('BLOB') ? [`${quoted(name)}(7)`] : [`${quoted(name)}${direction}`]
    case 'json':
    case 'shape':
      return []
    case 'other':
      return /VECTOR|JSON/.test(definition) ? [] : [`${quoted(name)}${direction}`]
    case 'text':
      return definition.includes('CHAR(60)') && chance.isLikely(0.5)
        ? [`${quoted(name)}(8)${direction}`]
        : [`${quoted(name)}${direction}`]
    default:
      return [`${quoted(name)}${direction}`]
  }
}

function specialKey(
  name: string,
  columns: readonly DrawnColumn[],
  { chance, flavour }: Draw,
): string | null {
  const find = (...classes: readonly DrawnColumn['holds'][]) =>
    columns.find(({ holds, name: column }) => column !== 'id' && classes.includes(holds))
  const [text, whole, json] = [find('text', 'long'), find('whole'), find('json')]
  const shape = columns.find(
    ({ holds, nullable, definition }) =>
      holds === 'shape' && !nullable && (flavour === 'mariadb' || definition.includes('SRID')),
  )
  const parser = flavour === 'mysql' && chance.isLikely(0.4) ? ' WITH PARSER ngram' : ''
  const kinds: readonly (string | null)[] = [
    text ? `FULLTEXT KEY ${quoted(name)} (${quoted(text.name)})${parser}` : null,
    shape ? `SPATIAL KEY ${quoted(name)} (${quoted(shape.name)})` : null,
    ...(flavour === 'mysql' ? expressionKeys(name, whole, json) : []),
  ]
  return chance.isLikely(0.3) ? chance.pick(kinds) : null
}

function expressionKeys(
  name: string,
  whole: DrawnColumn | undefined,
  json: DrawnColumn | undefined,
): readonly (string | null)[] {
  const path = json ? `${quoted(json.name)}->'$.a'` : ''
  return [
    json ? `KEY ${quoted(name)} ((CAST(${path} AS UNSIGNED ARRAY)))` : null,
    whole ? `KEY ${quoted(name)} ((${quoted(whole.name)} + 1) DESC, \`id\`)` : null,
  ]
}

function drawChecks(table: string, { chance, flavour }: Draw): readonly string[] {
  const body = chance.pick(['id > 1', 'id > 2 AND id < 99', 'id <> 7 OR id IS NULL'])
  const enforced = flavour === 'mysql' && chance.isLikely(0.3) ? ' NOT ENFORCED' : ''
  return chance.pick([
    [],
    [],
    [`CONSTRAINT ${quoted(`${table} check`)} CHECK (${body})${enforced}`],
    [`CHECK (${body})${enforced}`],
  ])
}

const ACTIONS = ['', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON UPDATE CASCADE'] as const

function drawForeignKeys(
  table: string,
  former: DrawnTable | null,
  { chance }: Draw,
): readonly string[] {
  if (former && chance.isLikely(0.4)) return former.foreignKeys
  if (chance.isLikely(0.4)) return []
  const name = chance.pick([`fk_${table}`, `FK_${table}`, `${table}_other`])
  const parent = chance.pick(TABLES)
  return [
    `CONSTRAINT ${quoted(name)} FOREIGN KEY (parent_id) REFERENCES ${quoted(parent)} (id)${chance.pick(ACTIONS)}`,
  ]
}

const OPTIONS = [
  " COMMENT='it''s; -- \\\\ 🪑'",
  ' ROW_FORMAT=DYNAMIC',
  ' ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8',
  ' STATS_PERSISTENT=1 STATS_AUTO_RECALC=0',
  ' AVG_ROW_LENGTH=100 MAX_ROWS=1000 MIN_ROWS=10',
  ' CHECKSUM=1',
] as const

const CHARSETS = [
  '',
  '',
  ' DEFAULT CHARSET=latin1',
  ' DEFAULT CHARSET=utf8mb3',
  ' DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin',
  ' DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci',
] as const

function drawOptions({ chance, flavour }: Draw): string {
  const own =
    flavour === 'mysql' ? [" COMPRESSION='zlib'", " ENCRYPTION='N'"] : [' PAGE_COMPRESSED=1']
  const options = chance.isLikely(0.4) ? chance.pick([...OPTIONS, ...own]) : ''
  return `${options}${chance.pick(CHARSETS)}`
}

function drawPartition({ chance }: Draw): string {
  if (chance.isLikely(0.75)) return ''
  const bounds = chance.some([10, 20, 30, 40], 1)
  const ranges = bounds.map((bound) => `PARTITION p${bound} VALUES LESS THAN (${bound})`)
  const open = chance.isLikely(0.5) ? ['PARTITION rest VALUES LESS THAN MAXVALUE'] : []
  const lists = bounds.map(
    (bound) => `PARTITION l${bound} VALUES IN (${bound}, ${bound + 1}) COMMENT = '${bound}'`,
  )
  return chance.pick([
    ` PARTITION BY HASH (id) PARTITIONS ${chance.between(1, 5)}`,
    ` PARTITION BY LINEAR HASH (id) PARTITIONS ${chance.between(1, 5)}`,
    ` PARTITION BY KEY (id) PARTITIONS ${chance.between(1, 5)}`,
    ` PARTITION BY RANGE (id) (${[...ranges, ...open].join(', ')})`,
    ` PARTITION BY RANGE (id) (${[...ranges, ...open].join(', ')})`,
    ` PARTITION BY RANGE COLUMNS (id) (${ranges.join(', ')})`,
    ` PARTITION BY LIST (id) (${lists.join(', ')})`,
    ` PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS ${chance.between(2, 3)} (${[...ranges, ...open].join(', ')})`,
  ])
}
