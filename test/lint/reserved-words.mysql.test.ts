import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { reservedBy } from '../../src/lint/reserved-words.ts'
import { FLAVOUR, test } from '../support/mysql.ts'

describe('reservedBy', () => {
  test('knows every word that this server does not take as a name', async ({ mysql }) => {
    const session = await mysql.session()
    const rows = await session.rows(
      sql<{ word: string }>`SELECT WORD AS word FROM information_schema.KEYWORDS`,
    )
    const words = rows.map(({ word }) => word).filter((word) => /^[A-Z]\w*$/i.test(word))
    const refused: string[] = []
    for (const word of words) {
      const taken = session.rows(sql.raw(`SELECT 1 AS ${word}`)).then(
        () => true,
        () => false,
      )
      if (!(await taken)) refused.push(word)
    }
    const family = FLAVOUR === 'mysql' ? 'MySQL' : 'MariaDB'

    expect(refused.length).toBeGreaterThan(200)
    expect(refused.filter((word) => !reservedBy(word)?.includes(family))).toEqual([])
  })
})
