import { printable } from '../place.ts'

const CONTEXT = 3

type Line = { readonly mark: ' ' | '-' | '+'; readonly text: string }

/**
 * The difference of two texts as git shows it, without a trailing line break; empty when they are equal.
 * null is a text that is not there: the table is created or dropped.
 */
export function unifiedDiff(name: string, from: string | null, to: string | null): string {
  if (from === to) return ''
  const lines = diffLines(linesOf(from), linesOf(to))
  const shown = printable(name)
  const header = [
    from === null ? '--- /dev/null' : `--- a/${shown}`,
    to === null ? '+++ /dev/null' : `+++ b/${shown}`,
  ]
  return [...header, ...hunksOf(lines)].join('\n')
}

function linesOf(text: string | null): string[] {
  return text === null || text === '' ? [] : text.split('\n')
}

/** A comma after the last line of a list is no change of that line: only what follows it is. */
function isSame(one: string | undefined, other: string | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && bare(one) === bare(other))
}

function bare(line: string): string {
  return line.endsWith(',') ? line.slice(0, -1) : line
}

/** What stays, goes and comes, in order; what stays is shown as it is afterwards; equal beginnings and ends are set aside first. */
function diffLines(from: readonly string[], to: readonly string[]): Line[] {
  const shorter = Math.min(from.length, to.length)
  let head = 0
  while (head < shorter && isSame(from[head], to[head])) head += 1
  let tail = 0
  while (tail < shorter - head && isSame(from.at(-1 - tail), to.at(-1 - tail))) tail += 1
  return [
    ...to.slice(0, head).map((text): Line => ({ mark: ' ', text })),
    ...diffMiddle(from.slice(head, from.length - tail), to.slice(head, to.length - tail)),
    ...to.slice(to.length - tail).map((text): Line => ({ mark: ' ', text })),
  ]
}

/** Beyond this many pairs of lines (8 MiB of lengths) the middle is shown as replaced as a whole. */
const MAX_PAIRS = 4_000_000

function diffMiddle(from: readonly string[], to: readonly string[]): Line[] {
  if (from.length * to.length > MAX_PAIRS) return replaced(from, to)
  const width = to.length + 1
  const lengths = commonLengths(from, to)
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < from.length && j < to.length) {
    const [removed = '', added = ''] = [from[i], to[j]]
    const below = lengths[(i + 1) * width + j] ?? 0
    const right = lengths[i * width + j + 1] ?? 0
    if (isSame(removed, added)) {
      lines.push({ mark: ' ', text: added })
      i += 1
      j += 1
    } else if (below >= right) {
      lines.push({ mark: '-', text: removed })
      i += 1
    } else {
      lines.push({ mark: '+', text: added })
      j += 1
    }
  }
  return [...lines, ...replaced(from.slice(i), to.slice(j))]
}

function replaced(from: readonly string[], to: readonly string[]): Line[] {
  return [
    ...from.map((text): Line => ({ mark: '-', text })),
    ...to.map((text): Line => ({ mark: '+', text })),
  ]
}

/** At [i, j]: the length of the longest common subsequence of `from` from i on and `to` from j on. */
function commonLengths(from: readonly string[], to: readonly string[]): Uint16Array {
  const width = to.length + 1
  const lengths = new Uint16Array((from.length + 1) * width)
  for (let i = from.length - 1; i >= 0; i -= 1) {
    for (let j = to.length - 1; j >= 0; j -= 1) {
      const diagonal = lengths[(i + 1) * width + j + 1] ?? 0
      const below = lengths[(i + 1) * width + j] ?? 0
      const right = lengths[i * width + j + 1] ?? 0
      lengths[i * width + j] = isSame(from[i], to[j]) ? diagonal + 1 : Math.max(below, right)
    }
  }
  return lengths
}

/** The changed lines with their context; changes whose contexts touch share a hunk. */
function hunksOf(lines: readonly Line[]): string[] {
  const shown: string[] = []
  for (const { first, last } of rangesOf(lines)) {
    const before = lines.slice(0, first)
    const hunk = lines.slice(first, last)
    shown.push(`@@ -${rangeOf(before, hunk, '+')} +${rangeOf(before, hunk, '-')} @@`)
    shown.push(...hunk.map(({ mark, text }) => `${mark}${text}`))
  }
  return shown
}

function rangesOf(lines: readonly Line[]): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = []
  lines.forEach(({ mark }, at) => {
    if (mark === ' ') return
    const first = Math.max(0, at - CONTEXT)
    const last = Math.min(lines.length, at + CONTEXT + 1)
    const previous = ranges.at(-1)
    if (previous && first <= previous.last) previous.last = last
    else ranges.push({ first, last })
  })
  return ranges
}

/** `start,count` of the side on which lines marked `absent` do not stand; an empty side starts one line earlier. */
function rangeOf(before: readonly Line[], hunk: readonly Line[], absent: '-' | '+'): string {
  const start = before.filter(({ mark }) => mark !== absent).length
  const count = hunk.filter(({ mark }) => mark !== absent).length
  return `${count === 0 ? start : start + 1},${count}`
}
