import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unifiedDiff } from '../../src/schema/diff/text-diff.ts'

const lines = (...text: string[]) => text.join('\n')

describe('unifiedDiff', () => {
  test('shows what changed with three lines around it, in hunks', () => {
    const from = lines('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l')
    const to = lines('a', 'B', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'k2', 'l')

    expect(unifiedDiff('orders', from, to)).toMatchInlineSnapshot(`
      "--- a/orders
      +++ b/orders
      @@ -1,5 +1,5 @@
       a
      -b
      +B
       c
       d
       e
      @@ -9,4 +9,5 @@
       i
       j
       k
      +k2
       l"
    `)
  })

  test('shows a new and a dropped table', () => {
    expect(unifiedDiff('t', null, lines('a', 'b'))).toMatchInlineSnapshot(`
      "--- /dev/null
      +++ b/t
      @@ -0,0 +1,2 @@
      +a
      +b"
    `)
    expect(unifiedDiff('t', lines('a', 'b'), null)).toMatchInlineSnapshot(`
      "--- a/t
      +++ /dev/null
      @@ -1,2 +0,0 @@
      -a
      -b"
    `)
  })

  test('takes a comma after the last line of a list for no change', () => {
    const from = lines('CREATE TABLE t (', '  a int,', '  PRIMARY KEY (a)', ') ENGINE=InnoDB')
    const to = lines(
      'CREATE TABLE t (',
      '  a int,',
      '  PRIMARY KEY (a),',
      '  KEY k (a)',
      ') ENGINE=InnoDB',
    )

    expect(unifiedDiff('t', from, to).split('\n').slice(2)).toEqual([
      '@@ -1,4 +1,5 @@',
      ...[
        ' CREATE TABLE t (',
        '   a int,',
        '   PRIMARY KEY (a),',
        '+  KEY k (a)',
        ' ) ENGINE=InnoDB',
      ],
    ])
  })

  test('shows a column that moved where it was and where it is', () => {
    const columns = ['a', 'b', 'c', 'd'].map((name) => `  ${name} int,`)
    const table = (...body: string[]) =>
      lines('CREATE TABLE t (', ...body, '  PRIMARY KEY (a)', ')')
    const [a = '', b = '', c = '', d = ''] = columns

    expect(
      unifiedDiff('t', table(a, b, c, d), table(a, c, d, b))
        .split('\n')
        .slice(3),
    ).toEqual([
      ...[' CREATE TABLE t (', '   a int,', '-  b int,', '   c int,', '   d int,', '+  b int,'],
      ...['   PRIMARY KEY (a)', ' )'],
    ])
  })

  test('is empty for equal texts', () => {
    expect(unifiedDiff('t', 'a', 'a')).toBe('')
  })

  test('shows no invisible character of a name', () => {
    expect(unifiedDiff('t\u202e\n', 'a', 'b')).toContain('--- a/t<U+202E><U+000A>\n')
  })

  test('applied to the old text, it gives the new one', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ' d', '-e'), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(text, text, (from, to) => {
        const diff = unifiedDiff('t', from.join('\n'), to.join('\n'))
        expect(patched(from, diff)).toEqual(to)
      }),
      { numRuns: 500 },
    )
  })

  test('shows a middle that is too long to compare as replaced', () => {
    const from = Array.from({ length: 2500 }, (_, at) => `a${at}`).join('\n')
    const to = Array.from({ length: 2500 }, (_, at) => `b${at}`).join('\n')

    expect(unifiedDiff('t', from, to).split('\n')).toHaveLength(3 + 5000)
  })
})

/** What `patch` does. */
function patched(from: readonly string[], diff: string): string[] {
  const result: string[] = []
  let at = 0
  for (const line of diff.split('\n').slice(2)) {
    const hunk = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/.exec(line)
    if (hunk) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      result.push(...from.slice(at, start))
      at = start
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(from[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      at += 1
    }
  }
  return [...result, ...from.slice(at)]
}
