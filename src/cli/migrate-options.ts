import { parseArgs } from 'node:util'
import { systemClock } from '../clock.ts'
import type { EngineRequest, ThrottleLimits } from '../engine/port.ts'
import { engineRequest } from '../engine/request.ts'
import { Refusal } from '../errors.ts'
import { parseTarget, type Target } from '../mysql/connect.ts'
import { readTableOperation } from './table-operation.ts'

export const MIGRATE_HELP = `Usage: crossfade migrate --url URL --alter STATEMENT [options]

Changes tables of a live MySQL or MariaDB database without blocking it: builds shadow tables with the new
schema, copies the rows, keeps both in sync through every write, and swaps them.

  --url URL            mysql://user:password@host:port/schema
  --alter STATEMENT    "ALTER TABLE t …"; CREATE and DROP of a TABLE or INDEX are taken too.
                       Give it several times: all of them cut over together, in one RENAME.
  --hold               stay in sync until "cutover" is said; without it, cut over when in sync
  --revert-window TIME keep the old tables in sync for a while after the cutover, so that "revert"
                       brings them back with the rows written since: 90s, 30m, 2h or off (default: off)
  --quarantine TIME    keep what is left after the end, such as the old tables, for a while under a name
                       with its date, such as 7d; then "crossfade janitor" drops it (default: kept)
  --chunk-rows N       rows of a copied chunk (default: sized by time)
  --profile NAME       polite: the copy gives way as soon as commits take longer than before it (default);
                       fast: it takes what the server has
  --throttle N         0-95: how much of the time the copy rests (default: 0)

The copy pauses while one of these is exceeded, or cannot be read. Changes of the application are
applied all the same, and a cutover does not wait for them.
  --max-replica-lag TIME     how far a replica may be behind, 1s or more; needs --replica
  --replica URL              mysql://user:password@host:port of a replica; several times for several.
                             The account needs SELECT on _crossfade.barrier there.
  --max-threads-running N    statements that the server works on at once
  --max-history N            InnoDB's history list: undo records that a long transaction holds back
  --max-commit-latency TIME  how long one small commit may take, such as 200ms
  --throttle-query SQL       a SELECT of one number, asked every second: above 0 pauses

  --instant            change the live tables with ALGORITHM=INSTANT, or refuse: nothing is copied, each
                       table is changed by itself, and there is no way back
  --json               one JSON object per line, for machines
  --discard ID         drop the shadow tables of a deployment that was given up, and stop
  -h, --help           this text

While it runs it reads commands from standard input, one per line:
  status  cutover  cutover force  pause  resume  throttle N  cancel  revert  skip-revert

Given the same statements again after a crash, it goes on from its checkpoint.
"cutover force" ends the connections that are in the way of the cutover.
Ctrl-C cancels before the cutover, and ends the revert window after it.

Exit status: 0 complete or reverted · 1 failed · 2 wrong usage · 3 cancelled

Example:
  crossfade migrate --url mysql://root@127.0.0.1:3306/shop \\
    --alter "ALTER TABLE orders MODIFY note VARCHAR(500)" --hold --revert-window 30m
`

/** What `crossfade migrate` was asked to do. */
export type MigrateOptions = {
  readonly url: string
  readonly request: EngineRequest
  readonly json: boolean
  readonly discard: string | null
  readonly replicas: readonly Target[]
}

/** @throws {Refusal} INPUT_INVALID or BAD_URL with what is wrong. */
export function readOptions(args: readonly string[]): MigrateOptions | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const url = values.url
  if (!url) throw usage('--url is missing', 'Add --url mysql://user:password@host:3306/schema')
  const discard = values.discard ?? null
  const { schema } = parseTarget(url)
  const statements = values.alter ?? []
  if (statements.length === 0 && discard === null) {
    throw usage('--alter is missing', 'Add --alter "ALTER TABLE name …"')
  }
  return {
    url,
    json: values.json ?? false,
    discard,
    request: engineRequest({
      id: newId(),
      operations: statements.map((statement) => readTableOperation(statement, schema)),
      cutover: values.hold ? 'hold' : 'auto',
      method: values.instant ? 'instant' : 'shadow',
      revertWindowMs: readWindow(values['revert-window'] ?? 'off'),
      quarantineMs: readTime('--quarantine', values.quarantine),
      profile: readProfile(values.profile ?? 'polite'),
      chunkRows: readNumber('--chunk-rows', values['chunk-rows'], { least: 1, most: 1_000_000 }),
      throttleRatio: readNumber('--throttle', values.throttle, { least: 0, most: 95 }) ?? 0,
      limits: readLimits(values),
    }),
    replicas: readReplicas(values),
  }
}

type Values = ReturnType<typeof parse>

function readLimits(values: Values): ThrottleLimits {
  const count = { least: 1, most: 1_000_000_000 }
  return {
    replicaLagMs: readTime('--max-replica-lag', values['max-replica-lag']),
    threadsRunning: readNumber('--max-threads-running', values['max-threads-running'], count),
    historyLength: readNumber('--max-history', values['max-history'], count),
    commitLatencyMs: readTime('--max-commit-latency', values['max-commit-latency']),
    query: values['throttle-query'] ?? null,
  }
}

function readReplicas(values: Values): readonly Target[] {
  const urls = values.replica ?? []
  const limited = values['max-replica-lag'] !== undefined
  if (limited && urls.length === 0) {
    throw usage('--max-replica-lag is given without a replica', 'Add --replica URL for each one')
  }
  if (!limited && urls.length > 0) {
    throw usage('--replica is given without a limit', 'Add --max-replica-lag TIME, such as 5s')
  }
  return urls.map(parseTarget)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        alter: { type: 'string', multiple: true },
        hold: { type: 'boolean' },
        'revert-window': { type: 'string' },
        quarantine: { type: 'string' },
        'chunk-rows': { type: 'string' },
        profile: { type: 'string' },
        throttle: { type: 'string' },
        'max-replica-lag': { type: 'string' },
        replica: { type: 'string', multiple: true },
        'max-threads-running': { type: 'string' },
        'max-history': { type: 'string' },
        'max-commit-latency': { type: 'string' },
        'throttle-query': { type: 'string' },
        json: { type: 'boolean' },
        instant: { type: 'boolean' },
        discard: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('.')[0] ?? '') : ''
    throw usage(said, 'Run crossfade migrate --help', error)
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

function readWindow(text: string): number | null {
  if (text === 'off') return null
  const ms = /ms$/.test(text) ? null : toMs(text)
  if (ms !== null) return ms
  throw usage(`--revert-window ${text} is no time`, 'Write it like 90s, 30m, 2h or off')
}

function readTime(name: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const ms = toMs(text)
  if (ms !== null) return ms
  throw usage(`${name} ${text} is no time`, 'Write it like 200ms, 5s or 2m')
}

function toMs(text: string): number | null {
  const found = /^(\d{1,6})(ms|[smhd])$/.exec(text)
  const ms = Number(found?.[1]) * (UNIT_MS[found?.[2] ?? ''] ?? Number.NaN)
  return Number.isFinite(ms) && ms > 0 ? ms : null
}

function readProfile(text: string): EngineRequest['profile'] {
  if (text === 'polite' || text === 'fast') return text
  throw usage(`--profile ${text} is not known`, 'Write polite or fast')
}

function readNumber(
  name: string,
  text: string | undefined,
  { least, most }: { readonly least: number; readonly most: number },
): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw usage(`${name} ${text} is out of range`, `Give a whole number from ${least} to ${most}`)
}

function newId(): string {
  const time = systemClock.now().getTime().toString(36)
  const random = Math.floor(systemClock.random() * 36 ** 6).toString(36)
  return `m${time}${random.padStart(6, '0')}`
}

function usage(what: string, next: string, cause?: unknown): Refusal {
  return new Refusal('INPUT_INVALID', `${what}.`, { next, cause })
}
