import { type RawBuilder, sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { KeyValue } from '../../src/binlog/key.ts'
import { readBinlogEnd } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'
import { test } from '../support/mysql.ts'
import { Chance } from '../support/seeded-random.ts'
import { BARRIER, collect, keysOf, write } from './collect.ts'
import { readWithPeer } from './peer.ts'

/** A type of a key: values for it, and how what we and the peer read of one is brought to the same text. */
type Type = {
  readonly definition: string
  readonly draw: (chance: Chance) => RawBuilder<unknown>
  readonly peer: (value: unknown) => string
  readonly ours: (value: KeyValue) => string
}

const plain = { peer: (value: unknown) => String(value), ours: (value: KeyValue) => String(value) }

function integer(definition: string, bits: number): Type[] {
  const least = -(2n ** BigInt(bits - 1))
  const span = 2n ** BigInt(bits)
  const within = (chance: Chance, from: bigint) => {
    const edges = [from, from + 1n, 0n, 1n, from + span - 1n]
    if (chance.isLikely(0.2)) return sql`${chance.pick(edges)}`
    const high = BigInt(chance.between(0, 2 ** 32 - 1))
    const drawn = (high << 32n) | BigInt(chance.between(0, 2 ** 32 - 1))
    return sql`${from + (drawn % span)}`
  }
  return [
    { ...plain, definition, draw: (chance) => within(chance, least) },
    { ...plain, definition: `${definition} UNSIGNED`, draw: (chance) => within(chance, 0n) },
  ]
}

function decimal(digits: number, scale: number): Type {
  return {
    ...plain,
    definition: `DECIMAL(${digits},${scale})`,
    draw: (chance) => {
      const number = Array.from({ length: chance.between(1, digits) }, () => chance.between(0, 9))
      const whole = number.join('').padStart(scale + 1, '0')
      const point = whole.length - scale
      const signed = `${chance.pick(['', '-'])}${whole.slice(0, point)}.${whole.slice(point)}0`
      return sql`${signed}`
    },
  }
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function fraction(chance: Chance, digits: number): string {
  return digits === 0 ? '' : `.${String(chance.between(0, 10 ** digits - 1)).padStart(digits, '0')}`
}

function day(chance: Chance): string {
  const year = String(chance.between(1000, 9999))
  return `${year}-${two(chance.between(1, 12))}-${two(chance.between(1, 28))}`
}

function clock(chance: Chance): string {
  return [23, 59, 59].map((most) => two(chance.between(0, most))).join(':')
}

function temporal(digits: number): Type[] {
  return [
    {
      ...plain,
      definition: `DATETIME(${digits})`,
      draw: (chance) => sql`${`${day(chance)} ${clock(chance)}${fraction(chance, digits)}`}`,
    },
    {
      ...plain,
      definition: `TIMESTAMP(${digits})`,
      draw: (chance) => {
        const seconds = chance.between(1, 2 ** 31 - 1)
        return sql`TIMESTAMPADD(MICROSECOND, ${chance.between(0, 999_999)}, FROM_UNIXTIME(${seconds}))`
      },
    },
    {
      ...plain,
      definition: `TIME(${digits})`,
      draw: (chance) => {
        const sign = chance.pick(['', '-'])
        const hours = String(chance.between(0, 837)).padStart(2, '0')
        return sql`${`${sign}${hours}:${two(chance.between(0, 59))}:${two(chance.between(0, 59))}${fraction(chance, digits)}`}`
      },
    },
  ]
}

/** Texts that the charset has; what the peer decoded is compared with our bytes, decoded by the platform. */
function text(definition: string, encoding: string, letters: string, most: number): Type {
  const decoder = new TextDecoder(encoding)
  return {
    definition,
    draw: (chance) => {
      const length = chance.between(0, most)
      return sql`${Array.from({ length }, () => chance.pick([...letters])).join('')}`
    },
    peer: (value) => String(value),
    // Sound: a text is bytes in our keys.
    ours: (value) => decoder.decode(value as Uint8Array),
  }
}

function bytes(definition: string, length: (chance: Chance) => number, padTo: number | null): Type {
  const toHex = (value: Uint8Array) => Buffer.from(value).toString('hex')
  return {
    definition,
    draw: (chance) => {
      const drawn = Array.from({ length: length(chance) }, () => chance.pick([0, 0, 32, 255, 65]))
      return sql`${Buffer.from(drawn)}`
    },
    // The peer gives a BINARY as the binlog has it, without the zeros at its end.
    peer: (value) => {
      // Sound: the peer gives a Buffer for a binary column.
      const found = value as Buffer
      return padTo === null ? toHex(found) : toHex(found).padEnd(2 * padTo, '0')
    },
    // Sound: bytes are bytes in our keys.
    ours: (value) => toHex(value as Uint8Array),
  }
}

function labels(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `v${index}`)
}

function enumeration(count: number): Type {
  const names = labels(count)
  return {
    definition: `ENUM(${names.map((name) => `'${name}'`).join()})`,
    draw: (chance) => sql`${chance.pick(names)}`,
    peer: (value) => String(value),
    ours: (value) => names[Number(value) - 1] ?? 'none',
  }
}

function set(count: number): Type {
  const names = labels(count)
  return {
    definition: `SET(${names.map((name) => `'${name}'`).join()})`,
    draw: (chance) => sql`${names.filter(() => chance.isLikely(0.3)).join()}`,
    peer: (value) => [value].flat().join(),
    ours: (value) =>
      names.filter((_, index) => (BigInt(value as bigint) >> BigInt(index)) & 1n).join(),
  }
}

function bit(length: number): Type {
  return {
    definition: `BIT(${length})`,
    draw: (chance) => {
      const digits = Array.from({ length }, () => chance.between(0, 1)).join('')
      return sql.raw(`b'${digits}'`)
    },
    // Sound: the peer gives a Buffer for bits.
    peer: (value) => BigInt(`0x${(value as Buffer).toString('hex')}`).toString(),
    ours: (value) => String(value),
  }
}

const TYPES: readonly Type[] = [
  ...integer('TINYINT', 8),
  ...integer('SMALLINT', 16),
  ...integer('MEDIUMINT', 24),
  ...integer('INT', 32),
  ...integer('BIGINT', 64),
  decimal(5, 0),
  decimal(10, 2),
  decimal(9, 9),
  decimal(30, 13),
  decimal(65, 30),
  { ...plain, definition: 'DATE', draw: (chance) => sql`${day(chance)}` },
  { ...plain, definition: 'YEAR', draw: (chance) => sql`${chance.between(1901, 2155)}` },
  ...[0, 1, 2, 3, 4, 5, 6].flatMap(temporal),
  text('CHAR(20) CHARACTER SET ascii', 'ascii', 'abcXYZ 09_', 20),
  text('CHAR(255) CHARACTER SET utf8mb4', 'utf-8', 'aé😀ß漢', 200),
  text('VARCHAR(40) CHARACTER SET latin1', 'windows-1252', 'aéßÿ€ ', 40),
  text('VARCHAR(300) CHARACTER SET latin1', 'windows-1252', 'aéßÿ€ ', 300),
  text('VARCHAR(60) CHARACTER SET utf8mb4', 'utf-8', 'aé😀ß漢 ', 60),
  text('VARCHAR(250) CHARACTER SET utf8mb3', 'utf-8', 'aéß漢 ', 250),
  text('VARCHAR(100) CHARACTER SET ucs2', 'utf-16be', 'aéß漢', 100),
  text('VARCHAR(50) CHARACTER SET cp1251', 'windows-1251', 'aжщЯ', 50),
  text('VARCHAR(50) CHARACTER SET sjis', 'shift_jis', 'aカ漢字', 50),
  text('VARCHAR(50) CHARACTER SET gbk', 'gbk', 'a漢字中', 50),
  bytes('BINARY(8)', () => 8, 8),
  bytes('BINARY(255)', (chance) => chance.between(0, 255), 255),
  bytes('VARBINARY(16)', (chance) => chance.between(0, 16), null),
  bytes('VARBINARY(500)', (chance) => chance.between(0, 500), null),
  enumeration(5),
  enumeration(300),
  set(5),
  set(40),
  bit(1),
  bit(13),
  bit(64),
]

/** Keys of one column, and of two or three of different types, with other columns before and between them. */
const KEYS: readonly (readonly Type[])[] = [
  ...TYPES.map((type) => [type]),
  ...TYPES.flatMap((type, index) => {
    const [second, third] = [
      TYPES[(index + 17) % TYPES.length],
      TYPES[(index * 7 + 3) % TYPES.length],
    ]
    if (index % 4 !== 0 || !second || !third || width([type, second, third]) > 700) return []
    return [[type, second, third]]
  }),
]

/** About how many characters a key takes: an index has room for 3072 bytes. */
function width(types: readonly Type[]): number {
  return types.reduce((sum, { definition }) => {
    const length = /(?:CHAR|BINARY)\((\d+)\)/.exec(definition)?.[1]
    return sum + Number(length ?? 8)
  }, 0)
}

describe('the change stream and an independent reader', () => {
  test('give the same keys in the same order, for random changes under every type of a key', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const chance = new Chance(20_261_122)
    for (const [index, types] of KEYS.entries()) await session.run(createTable(index, types))
    const from = await readBinlogEnd(session)
    if (!from) throw new TypeError('the server writes no binlog')

    const written = await write(session, mysql.target, async () => {
      for (const [index, types] of KEYS.entries()) await change(session, chance, { index, types })
    })
    const ours = (await collect(written)).flat()
    const theirs = await readWithPeer(mysql.target, from, BARRIER)

    for (const [index, types] of KEYS.entries()) {
      const table = `t${index}`
      const definition = types.map((type) => type.definition).join(', ')
      const read = keysOf(ours, table).map((key) =>
        types.map((type, at) => type.ours(key[at] ?? '')),
      )
      const peer = theirs
        .filter((one) => one.table === table)
        .flatMap(({ images }) => [
          // An update that leaves the key alone has it once.
          ...new Set(images.map((row) => types.map((type, at) => type.peer(row[`k${at}`])).join())),
        ])

      expect({ definition, keys: read.map(String) }).toEqual({ definition, keys: peer })
      expect(read.length, definition).toBeGreaterThan(6)
    }
  })
})

function createTable(index: number, types: readonly Type[]) {
  const columns = types.map(
    ({ definition }, at) => `k${at} ${definition} NOT NULL, c${at} INT NULL`,
  )
  const key = types.map((_, at) => `k${at}`)
  return sql.raw(
    `CREATE TABLE t${index} (note VARCHAR(300) NULL, ${columns.join()}, PRIMARY KEY (${key.join()}))`,
  )
}

/** Rows that come, change, move to another key and go; those that would be there twice are left out. */
async function change(
  session: Session,
  chance: Chance,
  { index, types }: { readonly index: number; readonly types: readonly Type[] },
): Promise<void> {
  const table = sql.id(`t${index}`)
  const key = () => sql.join(types.map(({ draw }) => draw(chance)))
  const names = sql.join(types.map((_, at) => sql.id(`k${at}`)))
  const order = sql`ORDER BY ${names} LIMIT 2`
  const rows = Array.from({ length: 12 }, () => sql`('x', ${key()})`)
  await session.run(sql`INSERT IGNORE INTO ${table} (note, ${names}) VALUES ${sql.join(rows)}`)
  await session
    .run(sql`UPDATE ${table} SET k0 = ${types[0]?.draw(chance)} ORDER BY ${names} LIMIT 1`)
    .catch(() => null)
  for (const note of ['REPEAT("y", 200)', 'NULL']) {
    await session.run(sql`UPDATE IGNORE ${table} SET note = ${sql.raw(note)}, c0 = 5 ${order}`)
  }
  await session.run(sql`DELETE FROM ${table} ${order}`)
}
