import { parseArgs } from 'node:util'
import { systemClock } from '../clock.ts'
import { createEngine } from '../engine/engine.ts'
import { discardDeployment, findUnfinished } from '../engine/leftover.ts'
import type {
  EngineEvent,
  EngineOutcome,
  EngineRequest,
  EngineRun,
  RunPhase,
  TableOperation,
} from '../engine/port.ts'
import { engineRequest } from '../engine/request.ts'
import { parseAlter, tableNamed } from '../engine/statement.ts'
import { Refusal } from '../errors.ts'
import { parseTarget } from '../mysql/connect.ts'
import type { CommandIo } from './io.ts'
import { type OrderAnswer, runOrder } from './order.ts'
import { printerFor } from './printer.ts'

export const MIGRATE_HELP = `Usage: crossfade migrate --url URL --alter STATEMENT [options]

Changes tables of a live MySQL database without blocking it: builds shadow tables with the new
schema, copies the rows, keeps both in sync through every write, and swaps them.

  --url URL            mysql://user:password@host:port/schema
  --alter STATEMENT    "ALTER TABLE t …"; CREATE TABLE and DROP TABLE are taken too.
                       Give it several times: all of them cut over together, in one RENAME.
  --hold               stay in sync until "cutover" is said; without it, cut over when in sync
  --revert-window TIME keep the old tables in sync for a while after the cutover, so that "revert"
                       brings them back with the rows written since: 90s, 30m, 2h or off (default: off)
  --chunk-rows N       rows of a copied chunk (default: sized by time)
  --throttle N         0-95: how much of the time the copy rests (default: 0)
  --json               one JSON object per line, for machines
  --discard ID         drop the shadow tables of a deployment that was given up, and stop
  -h, --help           this text

While it runs it reads commands from standard input, one per line:
  status  cutover  pause  resume  throttle N  cancel  revert  skip-revert

Given the same statements again after a crash, it goes on from its checkpoint.
Ctrl-C cancels before the cutover, and ends the revert window after it.

Exit status: 0 complete or reverted · 1 failed · 2 wrong usage · 3 cancelled

Example:
  crossfade migrate --url mysql://root@127.0.0.1:3306/shop \\
    --alter "ALTER TABLE orders MODIFY note VARCHAR(500)" --hold --revert-window 30m
`

const EXIT: Readonly<Record<EngineOutcome, number>> = {
  complete: 0,
  reverted: 0,
  failed: 1,
  cancelled: 3,
}

/** Runs the engine without GitHub; returns the exit status. */
export async function migrateCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') {
    io.out(MIGRATE_HELP)
    return 0
  }
  const target = parseTarget(options.url)
  if (options.discard !== null) {
    await discardDeployment(target, options.discard)
    io.out(options.json ? JSON.stringify({ event: 'discarded' }) : `Discarded ${options.discard}.`)
    return 0
  }
  const print = printerFor(io, options.json)
  const engine = createEngine(target)
  const onEvent = (event: EngineEvent) => print.event(event)
  const unfinished = await findUnfinished(target, options.request.operations)
  const run =
    unfinished === null
      ? await engine.stage(options.request, { onEvent })
      : await engine.resume(unfinished, { onEvent })
  const stop = new AbortController()
  io.onInterrupt(() => print.order(runOrder(run, orderAtInterrupt(run.status().phase))))
  const orders = takeOrders(run, io, { print: print.order, signal: stop.signal })
  const outcome = await run.finished
  stop.abort()
  await orders
  return EXIT[outcome]
}

/** What Ctrl-C means: leave nothing behind before the swap, keep what is live after it. */
function orderAtInterrupt(phase: RunPhase): string {
  return phase === 'revert_window' ? 'skip-revert' : 'cancel'
}

async function takeOrders(
  run: EngineRun,
  io: CommandIo,
  {
    print,
    signal,
  }: { readonly print: (answer: OrderAnswer) => void; readonly signal: AbortSignal },
): Promise<void> {
  const lines = io.lines[Symbol.asyncIterator]()
  const ended = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  for (;;) {
    const next = await Promise.race([lines.next(), ended])
    // End of input is not a command: without a terminal there often is no input at all.
    if (next === null || next.done) return
    print(runOrder(run, next.value))
  }
}

type Options = {
  readonly url: string
  readonly request: EngineRequest
  readonly json: boolean
  readonly discard: string | null
}

function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const url = values.url
  if (!url) throw usage('--url is missing', 'Add --url mysql://user:password@host:3306/schema')
  const discard = values.discard ?? null
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
      operations: statements.map(toOperation),
      cutover: values.hold ? 'hold' : 'auto',
      revertWindowMs: readWindow(values['revert-window'] ?? 'off'),
      chunkRows: readNumber('--chunk-rows', values['chunk-rows'], { least: 1, most: 1_000_000 }),
      throttleRatio: readNumber('--throttle', values.throttle, { least: 0, most: 95 }) ?? 0,
    }),
  }
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
        'chunk-rows': { type: 'string' },
        throttle: { type: 'string' },
        json: { type: 'boolean' },
        discard: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('.')[0] ?? '') : ''
    throw usage(said, 'Run crossfade migrate --help', error)
  }
}

function toOperation(statement: string): TableOperation {
  if (/^\s*create\b/i.test(statement)) {
    return { kind: 'create', table: tableNamed(statement, 'CREATE'), statement }
  }
  if (/^\s*drop\b/i.test(statement)) {
    return { kind: 'drop', table: tableNamed(statement, 'DROP'), statement }
  }
  return { kind: 'alter', table: parseAlter(statement).table, statement }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

function readWindow(text: string): number | null {
  if (text === 'off') return null
  const found = /^(\d{1,6})([smhd])$/.exec(text)
  const ms = Number(found?.[1]) * (UNIT_MS[found?.[2] ?? ''] ?? Number.NaN)
  if (Number.isFinite(ms) && ms > 0) return ms
  throw usage(`--revert-window ${text} is no time`, 'Write it like 90s, 30m, 2h or off')
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
