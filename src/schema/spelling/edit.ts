import type { Token } from '../tokens.ts'

/** What stands from `start` to `end` becomes `text`. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string }

/** The text after all edits, which do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  let result = ''
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return result + text.slice(at)
}

export function replace({ start, end }: Token, text: string): Edit {
  return { start, end, text }
}

/** The tokens from `from` to `to` go, with the space before them. */
export function remove(item: readonly Token[], from: number, to: number): Edit {
  const start = item[from - 1]?.end ?? item[from]?.start ?? 0
  return { start, end: item[to]?.end ?? start, text: '' }
}

export function insertBefore({ start }: Token, text: string): Edit {
  return { start, end: start, text }
}

export function insertAfter({ end }: Token, text: string): Edit {
  return { start: end, end, text }
}
