import { describe, expect, test } from 'vitest'
import { RULES } from '../../src/lint/rules.ts'
import { ALTERATION_CASES } from './alteration-cases.ts'
import { messages } from './case.ts'
import { CHANGE_CASES } from './change-cases.ts'
import { COLUMN_CASES } from './column-cases.ts'
import { FOREIGN_KEY_CASES } from './foreign-key-cases.ts'
import { TABLE_CASES } from './table-cases.ts'
import { VIEW_CASES } from './view-cases.ts'

const CASES = {
  ...TABLE_CASES,
  ...COLUMN_CASES,
  ...FOREIGN_KEY_CASES,
  ...CHANGE_CASES,
  ...ALTERATION_CASES,
  ...VIEW_CASES,
}

describe('rules', () => {
  test('each has cases here', () => {
    expect(Object.keys(CASES).toSorted()).toEqual(RULES.map(({ id }) => id).toSorted())
  })

  for (const [rule, { hits, misses }] of Object.entries(CASES)) {
    test(`${rule} points out what it is for`, () => {
      for (const [input, part] of hits) {
        expect(messages(rule, input)).toEqual([expect.stringContaining(part)])
      }
    })

    test(`${rule} leaves alone what is fine`, () => {
      for (const input of misses) expect(messages(rule, input)).toEqual([])
    })
  }

  test('shows hostile names in one line, with what is invisible made visible', () => {
    const hostile = 'a\n::error::x\u202e`|<b>'

    const said = messages('float', { to: { t: [`\`${hostile.replaceAll('`', '``')}\` float`] } })

    expect(said).toEqual([
      '`t`.`a<U+000A>::error::x<U+202E>``|<b>` is a FLOAT, which holds numbers only approximately.',
    ])
  })
})
