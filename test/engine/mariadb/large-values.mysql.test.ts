import { sql } from 'kysely'
import { expect } from 'vitest'
import { rowHash } from '../../../src/engine/verify/row-hash.ts'
import { connect } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { test } from '../../support/mysql.ts'
import { aPair } from '../a-pair.ts'

const MIB = 1024 * 1024

test.for([
  ['that stay what they are', null],
  ['that get another charset', 'CONVERT TO CHARACTER SET latin1'],
] as const)(
  'VERIFY-1: values larger than a packet, %s, do not count as equal when they differ',
  async ([, change], { mysql }) => {
    const { session, pair } = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, note LONGTEXT',
      change,
    })
    await using root = await connect({ ...mysql.target, schema: null })
    const before = await packetOf(root)
    await root.run(sql`SET GLOBAL max_allowed_packet = ${sql.lit(before + 2 * MIB)}`)
    await using writer = await connect(mysql.target)
    await root.run(sql`SET GLOBAL max_allowed_packet = ${sql.lit(before)}`)
    const write = (table: string, letter: string) =>
      writer.run(
        sql`INSERT INTO ${sql.id(table)} VALUES (1, REPEAT(${letter}, ${sql.lit(before + MIB)}))`,
      )
    await write('t', 'a')
    await write('t_new', 'b')
    const hash = (side: 'source' | 'target') =>
      session.row(sql<{ hash: string }>`
        SELECT CAST(${rowHash(pair, side)} AS CHAR) AS hash FROM ${sql.id(pair[side].name)}`)

    expect(await hash('source')).not.toEqual(await hash('target'))
  },
)

async function packetOf(session: Session): Promise<number> {
  const row = await session.row(sql<{ bytes: string }>`SELECT @@GLOBAL.max_allowed_packet AS bytes`)
  return Number(row?.bytes)
}
