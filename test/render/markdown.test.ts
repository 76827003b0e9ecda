import { micromark } from 'micromark'
import { describe, expect, test } from 'vitest'
import {
  code,
  count,
  details,
  duration,
  fence,
  hiddenMark,
  link,
  md,
  sentence,
  shorten,
  size,
  text,
} from '../../src/render/markdown.ts'

describe('text', () => {
  test('leaves ordinary words as they are, for those who read the source', () => {
    const ordinary = 'Two rows of orders, id 7 (of 1.5 million), are too long: see schema/shop.sql.'

    expect(text(ordinary)).toBe(ordinary)
  })

  test('shows every mark as itself', () => {
    const marks = '\\`*_{}[]()<>#+-.!|~@:&/$^="\''

    expect(shown(text(marks))).toBe(marks)
    expect(shown(text('1. a'))).toBe('1. a')
    expect(shown(text('- a'))).toBe('- a')
  })

  test('turns what cannot be seen into a space', () => {
    expect(text('a\u202eb\0\n\u200bc')).toBe('a b c')
  })
})

describe('code', () => {
  test('shows what it holds', () => {
    for (const value of ['orders', 'a`b', '`a`', '``', 'a|b', '\\', 'a\\|b', '<b>', '&lt;']) {
      expect(shown(code(value)).trim()).toBe(value)
    }
  })
})

describe('sentence', () => {
  test('shows commands as code and the rest as words', () => {
    expect(sentence('Comment `/cutover` or `/cancel`.')).toBe('Comment `/cutover` or `/cancel`.')
    expect(shown(sentence('`a``b` and *c*'))).toBe('a\u200bb and *c*')
    expect(shown(sentence('one ` alone and *c*'))).toBe('one ` alone and *c*')
  })

  test('cuts what would fill the comment', () => {
    for (const long of ['a', '@', '`|`', '🪑'].map((piece) => piece.repeat(50_000))) {
      expect(sentence(long).length).toBeLessThanOrEqual(2000)
      expect(sentence(long)).toMatch(/…/)
    }
  })
})

describe('fence', () => {
  test('is longer than any inside', () => {
    expect(fence('sql', 'a\n````\nb')).toBe('`````sql\na\n````\nb\n`````')
  })
})

describe('link', () => {
  test('takes http addresses only, and lets nothing out of its brackets', () => {
    expect(link(md`page`, 'https://a.example/x_(y)?z=[1]')).toBe(
      '[page](https://a.example/x%5F%28y%29?z=%5B1%5D)',
    )
    expect(link(md`page`, 'javascript:alert(1)')).toBe('page')
    expect(link(md`page`, 'not an address')).toBe('page')
  })
})

test('hiddenMark is a comment of its own for each name', () => {
  expect(hiddenMark('crossfade:shop-eu')).toBe('<!-- crossfade:shop-eu -->')
  expect(hiddenMark('a--b')).toBe('<!-- a-.b -->')
  expect(hiddenMark('a-->b')).toBe('<!-- a-._b -->')
})

test('numbers are for people', () => {
  expect([0, 999, 48_200, 412_345_678].map(count)).toEqual(['0', '999', '48.2K', '412M'])
  expect([0, 1023, 1536, 96 * 1024 ** 3].map(size)).toEqual(['0 B', '1020 B', '1.5 KiB', '96 GiB'])
  expect([0, 59, 60, 5400, 90_061].map(duration)).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '1 h 30 min',
    '1 d 1 h',
  ])
})

test('details folds its body away', () => {
  expect(details(md`More`, md`body`)).toBe('<details><summary>More</summary>\n\nbody\n\n</details>')
})

test('shorten never leaves half a character', () => {
  expect(shorten('abc', 3)).toBe('abc')
  expect(shorten('abcd', 3)).toBe('ab…')
  expect(shorten('a🪑b', 3)).toBe('a…')
})

/** What a reader sees. */
function shown(markdown: string): string {
  return micromark(markdown, { allowDangerousHtml: true })
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/(?<=[@#:])\u200b/g, '')
}
