import { parseArgs } from 'node:util'
import { systemClock } from '../clock.ts'
import { type JanitorVisit, type QuarantinedTable, visitQuarantine } from '../engine/quarantine.ts'
import { Refusal } from '../errors.ts'
import { connect, parseTarget } from '../mysql/connect.ts'
import type { CommandIo } from './io.ts'

export const JANITOR_HELP = `Usage: crossfade janitor --url URL [options]

Drops the tables that deployments have left and whose time is over, and lists those that wait.
A deployment leaves its old tables for a time when it was given one: crossfade migrate --quarantine.

  --url URL          mysql://user:password@host:port/schema
  --drop-now TABLE   drop this one of them now, and no other
  --dry-run          only say what would be dropped
  --json             one JSON object per line, for machines
  -h, --help         this text

Exit status: 0 done · 1 failed, or a table is in use · 2 wrong usage

Example:
  crossfade janitor --url mysql://root@127.0.0.1:3306/shop --dry-run
`

/** Lets the janitor come once; returns the exit status. */
export async function janitorCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const values = parse(args)
  if (values.help) {
    io.out(JANITOR_HELP)
    return 0
  }
  if (!values.url) {
    throw usage('--url is missing', 'Add --url mysql://user:password@host:3306/schema')
  }
  const target = parseTarget(values.url)
  if (target.schema === null) {
    throw new Refusal('BAD_URL', 'The database URL names no schema.', {
      next: 'Add the schema to the URL: mysql://user:password@host:3306/schema',
    })
  }
  const dryRun = values['dry-run'] ?? false
  await using session = await connect(target)
  const visit = await visitQuarantine(session, target.schema, {
    clock: systemClock,
    dropNow: values['drop-now'] ?? null,
    dryRun,
  })
  for (const line of values.json ? toJson(visit, dryRun) : sentences(visit, dryRun)) io.out(line)
  return visit.busy.length > 0 ? 1 : 0
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        'drop-now': { type: 'string' },
        'dry-run': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('.')[0] ?? '') : ''
    throw usage(said, 'Run crossfade janitor --help', error)
  }
}

function usage(what: string, next: string, cause?: unknown): Refusal {
  return new Refusal('INPUT_INVALID', `${what}.`, { next, cause })
}

function toJson({ dropped, busy, waiting }: JanitorVisit, dryRun: boolean): readonly string[] {
  const line = (event: string) => (table: QuarantinedTable) => JSON.stringify({ event, ...table })
  return [
    ...dropped.map(line(dryRun ? 'due' : 'dropped')),
    ...busy.map(line('busy')),
    ...waiting.map(line('waiting')),
  ]
}

function sentences({ dropped, busy, waiting }: JanitorVisit, dryRun: boolean): readonly string[] {
  const line = (word: string) => (table: QuarantinedTable) =>
    `${word.padEnd(10)} ${table.table}  ${megabytes(table.bytes)}  until ${minute(table.keepUntil)}`
  const lines = [
    ...dropped.map(line(dryRun ? 'would drop' : 'dropped')),
    ...busy.map(line('in use')),
    ...waiting.map(line('waits')),
  ]
  return lines.length === 0 ? ['Nothing is in quarantine.'] : lines
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}

function minute(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
