import { quoteName } from '../table.ts'
import { isKeyword, isSymbol, sliceOf, splitList, type Token, tokenize } from '../tokens.ts'
import type { Clause } from './clause.ts'

/**
 * How the partitions change. A clause of its own spares building the whole table anew, but the servers take it only
 * `alone`. Partitions are never dropped: their rows go where the others take them, or the server refuses.
 */
export function diffPartition(from: string | null, to: string | null, alone: boolean): Clause[] {
  if (from === to) return []
  if (to === null) return [{ kind: 'remove_partitions' }]
  const whole = { kind: 'set_partitions', partition: to } as const
  if (from === null || !alone) return [whole]
  const [before, after] = [partitioningOf(from), partitioningOf(to)]
  if (before.head !== after.head) return [whole]
  return [changeOf(before, after) ?? whole]
}

type Part = { readonly name: string; readonly text: string; readonly values: string }

type Partitioning = {
  /** Before the number or the list of partitions. */
  readonly head: string
  readonly isRange: boolean
  /** Of partitions that are only counted; null where they are listed. */
  readonly count: number | null
  readonly parts: readonly Part[]
}

function partitioningOf(text: string): Partitioning {
  const tokens = tokenize(text)
  const open = tokens.findIndex(
    (token, at) =>
      isSymbol(token, '(') &&
      isKeyword(tokens[at + 1], 'PARTITION') &&
      !isSymbol(tokens[at + 2], '('),
  )
  const counted = tokens.at(-2)
  const kind = tokens[2]
  const isSpread = isKeyword(kind, 'HASH', 'KEY', 'LINEAR')
  const isCounted = open === -1 && isSpread && isKeyword(counted, 'PARTITIONS')
  return {
    head: text.slice(0, isCounted ? counted?.start : tokens[open]?.start).trim(),
    isRange: isKeyword(kind, 'RANGE'),
    count: isCounted ? Number(tokens.at(-1)?.text) : null,
    parts: open === -1 ? [] : splitList(tokens, open).items.map((item) => partOf(text, item)),
  }
}

function partOf(text: string, item: readonly Token[]): Part {
  const values = item.findIndex((token) => isKeyword(token, 'VALUES'))
  const end = item.findIndex(
    (token, at) => at > values && isKeyword(token, 'ENGINE', 'COMMENT', 'MAX_ROWS', 'MIN_ROWS'),
  )
  const bounds = values === -1 ? [] : item.slice(values, end === -1 ? item.length : end)
  return { name: item[1]?.value ?? '', text: sliceOf(text, item), values: sliceOf(text, bounds) }
}

function changeOf(from: Partitioning, to: Partitioning): Clause | null {
  if (from.count !== null && to.count !== null) {
    const more = to.count - from.count
    const text =
      more > 0 ? `ADD PARTITION PARTITIONS ${more}` : `COALESCE PARTITION ${Math.abs(more)}`
    return more === 0 ? null : { kind: 'change_partitions', text }
  }
  if (from.count !== null || to.count !== null || from.parts.length === 0) return null
  const kept = from.parts.every((part, at) => part.text === to.parts[at]?.text)
  // Those of HASH and KEY take over rows of the others, which the server does only when they are counted.
  if (kept && to.parts.every(({ values }) => values !== '')) {
    return {
      kind: 'change_partitions',
      text: `ADD PARTITION ${listOf(to.parts.slice(from.parts.length))}`,
    }
  }
  return to.isRange ? reorganised(from.parts, to.parts) : null
}

/** Ranges next to each other become others that end where they ended. */
function reorganised(from: readonly Part[], to: readonly Part[]): Clause | null {
  const isSame = (a: Part | undefined, b: Part | undefined) => a?.text === b?.text
  let start = 0
  while (start < from.length && isSame(from[start], to[start])) start += 1
  let tail = 0
  const room = Math.min(from.length, to.length) - start
  while (tail < room && isSame(from.at(-1 - tail), to.at(-1 - tail))) tail += 1
  const endsAlike = () => from.at(-1 - tail)?.values === to.at(-1 - tail)?.values
  const isEmpty = () => from.length - tail === start || to.length - tail === start
  // What begins anew below a partition that stays takes rows out of that one.
  if (tail > 0 && (isEmpty() || !endsAlike())) tail -= 1
  const [gone, come] = [from.slice(start, from.length - tail), to.slice(start, to.length - tail)]
  if (gone.length === 0 || come.length === 0 || !endsAlike()) return null
  const names = gone.map(({ name }) => quoteName(name)).join(', ')
  return { kind: 'change_partitions', text: `REORGANIZE PARTITION ${names} INTO ${listOf(come)}` }
}

function listOf(parts: readonly Part[]): string {
  return `(${parts.map(({ text }) => text).join(',\n ')})`
}
