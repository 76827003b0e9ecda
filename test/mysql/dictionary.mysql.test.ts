import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { dictionaryRows } from '../../src/mysql/dictionary.ts'
import { test } from '../support/mysql.ts'

describe('dictionaryRows', () => {
  test.for([
    ['holds a lock, as the engine does', true],
    ['holds none', false],
  ] as const)(
    'leaves no table and no trigger out that somebody is just changing, when the session %s',
    async ([, isHolding], { mysql }) => {
      const [session, other] = [await mysql.session(), await mysql.session()]
      await other.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT)`)
      await other.run(sql`CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1`)
      if (isHolding) await session.rows(sql`SELECT GET_LOCK(${mysql.schema}, 1)`)
      const questions = [
        sql`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${mysql.schema} AND TABLE_NAME = 't'`,
        sql`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${mysql.schema} AND TABLE_TYPE = 'BASE TABLE'`,
        sql`SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ${mysql.schema}`,
      ]
      let changes = 0
      let isAsking = true
      const changing = (async () => {
        while (isAsking) {
          await other.run(sql`ALTER TABLE t ADD COLUMN x INT`)
          await other.run(sql`ALTER TABLE t DROP COLUMN x`)
          changes += 1
        }
      })()

      const counts = new Set<number>()
      for (let asked = 0; asked < 40 || changes < 5; asked += 1) {
        for (const question of questions) {
          counts.add((await dictionaryRows(session, question)).length)
        }
      }
      isAsking = false
      await changing

      expect([...counts]).toEqual([1])
    },
  )
})
