import { describe, expect } from 'vitest'
import { isSerial } from '../../src/engine/copy/copy.ts'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { FLAVOUR, test } from '../support/mysql.ts'
import { aPair } from './a-pair.ts'

describe('isSerial', () => {
  test('is one worker where the server counts AUTO_INCREMENT under a lock of the table', async ({
    mysql,
  }) => {
    const { pair, session } = await aPair(mysql, { columns: 'id INT AUTO_INCREMENT PRIMARY KEY' })
    await using server = await startThrowaway(FLAVOUR, {
      env: process.env,
      args: [`--innodb-autoinc-lock-mode=${FLAVOUR === 'mysql' ? 1 : 2}`],
    })
    await using other = await connect(parseTarget(server.url()))

    // The default of MySQL is 2, that of MariaDB 1.
    expect(await isSerial(session, pair)).toBe(FLAVOUR === 'mariadb')
    expect(await isSerial(other, pair)).toBe(FLAVOUR === 'mysql')
  })

  test('is no matter of a table without AUTO_INCREMENT', async ({ mysql }) => {
    const { pair, session } = await aPair(mysql, { columns: 'id INT PRIMARY KEY' })

    expect(await isSerial(session, pair)).toBe(false)
  })
})
