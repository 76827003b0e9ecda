import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../../src/errors.ts'
import { tokenize } from '../../src/schema/tokens.ts'

describe('tokenize', () => {
  test('parts words, names, strings, numbers, variables, comments and symbols', () => {
    const tokens = tokenize(
      "a `b``c` 'd''e\\n' \"f'g\" 1 1.5e-3 .5 0xfF x'1f' b'01' N'h' 1st t.1 @u @@v @'w x' $y é < -- z\n# q\n/* r */ /*!80013 s '*/' */ /*M!100 t*/ --5 /u",
    )

    expect(tokens.map(({ kind, value }) => `${kind} ${value}`)).toMatchInlineSnapshot(`
      [
        "word a",
        "quoted b\`c",
        "string d'e
      ",
        "string f'g",
        "number 1",
        "number 1.5e-3",
        "number .5",
        "number 0xfF",
        "number x'1f'",
        "number b'01'",
        "string h",
        "word 1st",
        "word t",
        "symbol .",
        "number 1",
        "variable @u",
        "variable @@v",
        "variable @'w x'",
        "word $y",
        "word é",
        "symbol <",
        "comment -- z",
        "comment # q",
        "comment /* r */",
        "executable_comment  s '*/' ",
        "executable_comment  t",
        "symbol -",
        "symbol -",
        "number 5",
        "symbol /",
        "word u",
      ]
    `)
  })

  test('says where each token stands', () => {
    const tokens = tokenize('a\n  `b\nc` d\n\te')

    expect(tokens.map(({ line, column }) => `${line}:${column}`)).toEqual([
      '1:1',
      '2:3',
      '3:4',
      '4:2',
    ])
  })

  test.each([
    ['a string', "CREATE TABLE t (\n  a text DEFAULT 'x\n)"],
    ['a string', 'CREATE TABLE t (\n  a text DEFAULT "x\\"'],
    ['a name in backticks', 'CREATE TABLE t (\n  a int, b `c'],
    ['a comment', 'CREATE TABLE t (\n  a int, /* b'],
    ['a comment', "CREATE TABLE t (\n  a int, /*! b '*/'"],
    ['a quoted variable', "CREATE TABLE t (\n  a int, @'b"],
  ])('refuses %s that never ends, with place and line: %s', (what, text) => {
    const error = refusalOf(() => tokenize(text, 'schema/t.sql'))

    expect(error.code).toBe('SQL_SYNTAX')
    expect(error.message).toMatch(/^schema\/t\.sql:2:\d+: /)
    expect(error.message).toContain(`${what} begins here and never ends`)
    expect(error.message).toContain(text.split('\n')[1]?.trim())
  })

  test('its tokens and the white space between them are the text', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '`',
      '\\',
      '/*',
      '*/',
      '/*!',
      '--',
      '-- ',
      '#',
      '\n',
      ' ',
      '@',
      '.',
      '1',
      'e',
      'x',
      'n',
      ';',
      '(',
      '\0',
      '💥',
      'é',
      '\ud800',
    )
    const text = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(text, (sql) => {
        const tokens = tokensOrRefusal(sql)
        if (tokens instanceof Refusal) {
          expect(tokens.code).toBe('SQL_SYNTAX')
          return
        }
        let rebuilt = ''
        for (const token of tokens) {
          const gap = sql.slice(rebuilt.length, token.start)
          expect(gap).toMatch(/^[\t-\r ]*$/)
          expect(token.end).toBeGreaterThan(token.start)
          rebuilt += gap + token.text
        }
        rebuilt += sql.slice(rebuilt.length).match(/^[\t-\r ]*$/)?.[0] ?? 'lost text'
        expect(rebuilt).toBe(sql)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(["'a''", '`a``', '/*! /* */', '1e', '@', '"\\"', '- -', 'x.1', '/*/'])(
    'takes linear time on a repeated %s',
    (piece) => {
      const text = piece.repeat(300_000 / piece.length)

      const startedAt = performance.now()
      tokensOrRefusal(text)

      // Quadratic time would be minutes.
      expect(performance.now() - startedAt).toBeLessThan(3000)
    },
  )
})

function tokensOrRefusal(text: string) {
  try {
    return tokenize(text)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function refusalOf(action: () => unknown): Refusal {
  try {
    action()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}
