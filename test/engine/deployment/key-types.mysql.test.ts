import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { NOTHING, test } from '../../support/mysql.ts'
import type { Row, WorkloadTable } from '../../support/workload/ledger.ts'
import { startWorkload } from '../../support/workload.ts'

type KeyCase = {
  readonly name: string
  readonly columns: string
  readonly key: (n: number) => Row
  readonly change?: string
}

/** Texts that upper and lower case, accents, width and length make hard to keep apart. */
const LETTERS = ['a', 'Bb', 'é', 'Ü', 'ß', 'Ж', '漢', '🔑', 'z ', "q'`?"]

const text = (n: number) => `${LETTERS[n % LETTERS.length]}${n}`

const KEYS: readonly KeyCase[] = [
  {
    name: 'a number and a text',
    columns: 'a INT NOT NULL, b VARCHAR(20) NOT NULL, PRIMARY KEY (a, b)',
    key: (n) => ({ a: n % 7, b: text(n) }),
  },
  {
    name: 'BINARY(16)',
    columns: 'a BINARY(16) PRIMARY KEY',
    // Every fourth ends with zeros, which the binlog leaves out.
    key: (n) => ({
      a: Buffer.from(
        n
          .toString(16)
          .padStart(n % 4 ? 32 : 8, '0')
          .padEnd(32, '0'),
        'hex',
      ),
    }),
  },
  { name: 'VARCHAR', columns: 'a VARCHAR(20) PRIMARY KEY', key: (n) => ({ a: text(n) }) },
  {
    name: 'VARCHAR whose collation changes',
    columns: 'a VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY',
    key: (n) => ({ a: text(n) }),
    change: 'MODIFY a VARCHAR(20) COLLATE utf8mb4_bin NOT NULL, MODIFY v BIGINT NULL',
  },
  {
    name: 'VARCHAR whose charset changes',
    columns: 'a VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY',
    key: (n) => ({ a: `${'aÉñzÜ'[n % 5]}${n}` }),
    change: 'CONVERT TO CHARACTER SET utf8mb4',
  },
  {
    name: 'DECIMAL',
    columns: 'a DECIMAL(12,3) PRIMARY KEY',
    key: (n) => ({ a: `${n % 2 ? '-' : ''}${n}.${String(n % 1000).padStart(3, '0')}` }),
  },
  {
    name: 'DATETIME(3)',
    columns: 'a DATETIME(3) PRIMARY KEY',
    key: (n) => ({ a: new Date(86_400_000 * n + n).toISOString().slice(0, 23).replace('T', ' ') }),
  },
  { name: 'TIMESTAMP', columns: 'a TIMESTAMP PRIMARY KEY', key: (n) => ({ a: moment(n) }) },
  {
    name: 'TIME',
    columns: 'a TIME PRIMARY KEY',
    key: (n) => ({ a: `${n % 2 ? '-' : ''}${hours(n)}` }),
  },
  {
    name: 'unsigned BIGINT near its end',
    columns: 'a BIGINT UNSIGNED PRIMARY KEY',
    key: (n) => ({ a: 2n ** 64n - BigInt(n) }),
  },
  {
    name: 'INT from below zero, with 0',
    columns: 'a INT PRIMARY KEY',
    key: (n) => ({ a: n - 200 }),
    change: 'MODIFY a BIGINT NOT NULL',
  },
  {
    name: 'a unique key that is not the primary one',
    columns: 'f DOUBLE NOT NULL DEFAULT 1.5, a INT NOT NULL, UNIQUE other (a), KEY (f)',
    key: (n) => ({ a: n }),
  },
]

describe('CUTOVER-1: a deployment under writes to a table whose key is', () => {
  test.for(KEYS)('$name', async ({ columns, key, change }, { mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${columns}, v INT NULL) DEFAULT CHARSET utf8mb4`))
    const table: WorkloadTable = {
      name: 't',
      key,
      values: (random) => ({ v: Math.floor(random() * 1e6) }),
      initialRows: 400,
      initial: (n) => ({ v: n }),
    }
    for (let n = 1; n <= 400; n += 1) await insert(session, { ...key(n), v: n })
    const workload = await startWorkload({ target: mysql.target, tables: [table], writers: 3 })
    onTestFinished(async () => void (await workload.stop()))

    const statement = `ALTER TABLE t ${change ?? 'MODIFY v BIGINT NULL, ADD COLUMN w INT DEFAULT 3'}`
    const deployment = await Deployment.stage(mysql.target, [statement], {
      chunkRows: 30,
      revertWindowMs: 600_000,
    })
    await deployment.reached('ready_to_cutover')
    await workload.written(100)
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    await workload.written(100)
    await workload.whileHeld(async (held) => {
      expect(await held.compare(session, 't')).toEqual(NOTHING)
    })
    deployment.run.revert()
    await deployment.reached('reverted')
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    expect(await report.compare(session, 't')).toEqual(NOTHING)
  })
})

function moment(n: number): string {
  return new Date(1e12 + n * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

function hours(n: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(Math.floor(n / 3600))}:${two(Math.floor(n / 60) % 60)}:${two(n % 60)}`
}

async function insert(session: Session, row: Row): Promise<void> {
  const names = Object.keys(row).map((name) => sql.id(name))
  await session.run(
    sql`INSERT INTO t (${sql.join(names)}) VALUES (${sql.join(Object.values(row))})`,
  )
}
