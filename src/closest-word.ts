/**
 * The one of `known` that a typing mistake stands for, or null when `word` is too far from all of them.
 *
 * One slip is forgiven, two in a long word: `/retest`, another bot's command, must not look like `/revert`.
 */
export function closestOf(word: string, known: Iterable<string>): string | null {
  const allowed = word.length >= 8 ? 2 : 1
  const near = [...known]
    .filter((candidate) => Math.abs(candidate.length - word.length) <= allowed)
    .map((candidate) => ({ candidate, slips: slipsBetween(word, candidate) }))
    .toSorted((one, other) => one.slips - other.slips)[0]
  return near && near.slips <= allowed ? near.candidate : null
}

/** How many letters were left out, added, replaced or swapped with their neighbour. */
function slipsBetween(one: string, other: string): number {
  const columns = [...other].map((_, index) => index + 1)
  let beforeLast: readonly number[] = []
  let last: readonly number[] = [0, ...columns]
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1]
    for (const column of columns) {
      const replaced = at(last, column - 1) + (letter === other[column - 1] ? 0 : 1)
      const isSwap = letter === other[column - 2] && one[row - 1] === other[column - 1]
      const swapped = isSwap ? at(beforeLast, column - 2) + 1 : replaced
      current.push(Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced, swapped))
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
