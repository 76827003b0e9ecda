import type { Failure } from './deployment.ts'

/**
 * What was found out about one operation by reading the server that it is to run on. Estimates all: they are shown,
 * and nothing of them is part of the plan's digest. No text in it holds the value of a row.
 */
export type Forecast = {
  /** Why the engine would not copy the table beside the application; empty when nothing is known to be in the way. */
  readonly refusals: readonly Failure[]
  /** Null where no row is copied, and where nothing could be measured. */
  readonly duration: DurationEstimate | null
  /** Null where no row is copied. */
  readonly disk: DiskEstimate | null
  /** Whether the rows that are there now fit the change. */
  readonly checks: readonly DataCheck[]
  /** Null for a table that is not there yet. */
  readonly use: TableUse | null
}

/** How long it takes until the copy is in sync, in seconds. */
export type DurationEstimate = {
  readonly seconds: number
  /** The truth is probably between these two. */
  readonly least: number
  readonly most: number
  /** `sample`: some rows were read now; `deploys`: earlier deployments on the same server. */
  readonly basis: 'sample' | 'deploys'
  /** What it was concluded from, in words. */
  readonly from: string
}

/** What an earlier deployment on the same server copied, and how long that took until all was in sync. */
export type PastCopy = { readonly rows: number; readonly bytes: number; readonly seconds: number }

/** What is needed on disk beside what is there, in bytes. */
export type DiskEstimate = {
  /** The table in its new form, beside the one that is there. */
  readonly newTable: number
  /** Of what is there: what is freed only when the former table is dropped for good. */
  readonly oldTable: number
  /** How much the server's log of changes grows. */
  readonly log: number
  /** What is free where the server keeps its data; null when that is not known. */
  readonly free: number | null
}

/** What a data check looks for. */
export type DataCheckKind = 'duplicates' | 'nulls' | 'values' | 'orphans' | 'check'

/** Whether rows that are there now would stop the deployment. */
export type DataCheck = {
  readonly kind: DataCheckKind
  /** What was looked for, in words: ``equal rows in the new unique key `by_email` ``. */
  readonly subject: string
  readonly result: 'clean' | 'found' | 'not_checked'
  /** How many rows (of `duplicates`: different keys) are in the way; null when not counted. */
  readonly found: number | null
  /** Whether there can be more than `found`. */
  readonly atLeast: boolean
  /** How many rows were looked at; null means all. Of no meaning for `not_checked`. */
  readonly rowsChecked: number | null
  /** Why it was not checked, in words; null when it was. */
  readonly reason: string | null
}

/** How much a table was read and written lately; a null is not known. */
export type TableUse = {
  readonly reads: number | null
  readonly writes: number | null
  /** For how many seconds these were counted. */
  readonly withinSeconds: number | null
  /** How many seconds ago it was last written, as far as the server remembers. */
  readonly lastWriteSeconds: number | null
  /** Why nothing is known, in words; null when something is. */
  readonly reason: string | null
}

/** One sentence on a data check, with the same words everywhere. */
export function checkSentence({
  subject,
  result,
  found,
  atLeast,
  rowsChecked,
  reason,
  kind,
}: DataCheck): string {
  if (result === 'not_checked') return `Not checked: ${subject} (${reason ?? 'not known why'}).`
  const scope =
    rowsChecked === null
      ? 'checked all rows'
      : `checked the first ${rowsChecked.toLocaleString('en')} rows`
  if (result === 'clean') return `No ${subject}: ${scope}.`
  const unit = kind === 'duplicates' ? 'key' : 'row'
  const many = found ?? 1
  const amount = `${atLeast ? 'at least ' : ''}${many.toLocaleString('en')} ${unit}${many === 1 ? '' : 's'}`
  return `Found ${subject}: ${amount}; ${scope}. It would stop the deployment.`
}

/** One sentence on how much a table is used. */
export function useSentence(use: TableUse): string {
  const { reads, writes, withinSeconds, lastWriteSeconds, reason } = use
  if (reason !== null) return `Whether it was recently read or written is not known: ${reason}.`
  const counted =
    reads === null || writes === null
      ? null
      : `${reads.toLocaleString('en')} rows read and ${writes.toLocaleString('en')} written${withinSeconds === null ? '' : ` in the last ${age(withinSeconds)}`}`
  const last = lastWriteSeconds === null ? null : `last written ${age(lastWriteSeconds)} ago`
  const known = [counted, last].filter((part) => part !== null).join('; ')
  return `${isUsed(use) ? 'Recently used' : 'Not used recently'}: ${known}.`
}

/** Whether the table was read or written as far back as the server counts. */
export function isUsed({ reads, writes, lastWriteSeconds }: TableUse): boolean {
  return (reads ?? 0) + (writes ?? 0) > 0 || lastWriteSeconds !== null
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** A length of time for a sentence: `3 days`, `1 hour`. */
export function age(seconds: number): string {
  const [size, name] = UNITS.find(([unit]) => seconds >= unit) ?? ([1, 'second'] as const)
  const many = Math.floor(seconds / size)
  return `${many} ${name}${many === 1 ? '' : 's'}`
}
