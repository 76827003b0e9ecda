import { describe, expect, test } from 'vitest'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { outlineOf } from '../../src/schema/file/outline.ts'

describe('outlineOf', () => {
  test('says where each part of a table stands in its file', () => {
    const text = [
      '-- the shop',
      '  CREATE TABLE IF NOT EXISTS `order` ( Id INT PRIMARY KEY,',
      '  `na``me` VARCHAR(9), -- a, comment',
      '  key_no INT REFERENCES p (id), period INT, vector INT,',
      '  CONSTRAINT u UNIQUE KEY k USING BTREE (key_no),',
      '  KEY k2 (period), INDEX (vector), FULLTEXT INDEX ft (`na``me`),',
      '  CONSTRAINT PRIMARY KEY (id),',
      '  CONSTRAINT `c` CHECK (id > 0), FOREIGN KEY f (id) REFERENCES p (id)',
      ')',
    ].join('\n')
    const [table] = checkSchemaFile(text, 'shop.sql')
    const outline = table && outlineOf(table)
    const places = (of: ReadonlyMap<string, { line: number; column: number }> | undefined) =>
      [...(of ?? [])].map(([name, { line, column }]) => `${name} ${line}:${column}`)

    expect(outline?.place).toEqual({ file: 'shop.sql', line: 2, column: 3 })
    expect(places(outline?.columns)).toEqual([
      'id 2:40',
      'na`me 3:3',
      'key_no 4:3',
      'period 4:33',
      'vector 4:45',
    ])
    expect(places(outline?.keys)).toEqual([
      'u 5:3',
      'k2 6:3',
      'ft 6:36',
      'primary 7:3',
      'c 8:3',
      'f 8:34',
    ])
    expect(outline?.referring).toEqual(new Set(['key_no']))
  })
})
