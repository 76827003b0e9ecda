import { type Clock, systemClock } from '../clock.ts'
import { circumstancesOf, makePlan, type Plan, planOperation } from '../deploy/plan.ts'
import { forecastChanges } from '../forecast/forecast.ts'
import { connect, parseTarget } from '../mysql/connect.ts'
import { diffSchemas } from '../schema/diff/diff.ts'
import { renamesIn } from '../schema/file/rename-hint.ts'
import { isDatabaseUrl, loadSchema, loadSource } from '../schema/load.ts'
import { toldUnmanaged, unmanagedIn } from '../schema/unmanaged.ts'
import { CommandLine } from './command-line.ts'
import type { CommandIo } from './io.ts'
import { isDeployable, toJson, toText } from './plan-text.ts'
import { openLoading } from './scratch.ts'

export const PLAN_HELP = `Usage: crossfade plan DIR --against URL [options]

Says what deploying the schema in DIR to a database would mean, table by table: how each change runs and why,
how many rows and bytes it touches, how long it takes and how far that guess may be off, the disk it needs,
what is lost, whether schema or code goes first, and whether rows that are there now stand in its way.
DIR is a folder of CREATE TABLE and CREATE VIEW files (with subfolders), a folder of migrations, or a database.
docs/plan.md explains all that it says.

Nothing is changed anywhere. The database is read by an account that can only read in this session, each
question is ended by the server after 2 seconds, large tables are looked at in part, and after --within
nothing more is asked. What the account may not see is "not known". No value of a row is printed.

  --against URL    the database that the change is for: mysql://user:password@host:port/schema
  --instant        plan it as crossfade migrate --instant and /deploy method=instant would run it
  --within SECONDS look no longer than so at the database (default 30)
  --scratch URL    make the tables of a folder on this server, in a schema that is dropped again;
                   without it a throwaway server of the database's family is started
  --json           one JSON object, described below
  -h, --help       this text

How a change runs:
  shadow copy      rows are copied into a new table beside the live one, which is then swapped; can be reverted
  instant          the server notes it down without copying; cannot be reverted
  new table        made empty
  quarantine       a dropped table is renamed and kept for a while
  view             made right after the tables are swapped
  refused          Crossfade would not begin, and says why

Deploy order:
  schema first     deploy this change, then the code that needs it (additions)
  code first       deploy code that no longer needs what goes away, then this change (drops, stricter rules)
  in steps         neither works in one step: add the new beside the old, move the code, then drop the old
  either           code does not notice

JSON: {equal, deployable, digest, operations: [{kind, table, statement, how, why, instant: {possible, why},
  dropsData, losses, order: {first, why}, rowsEstimated, bytesEstimated, diff,
  forecast: {refusals: [{code, message, next}], duration: {seconds, least, most, basis, from},
    disk: {newTable, oldTable, log, free}, use: {reads, writes, withinSeconds, lastWriteSeconds, reason},
    checks: [{kind, subject, result, found, atLeast, rowsChecked, reason}]}}]}
  What is not known, or does not apply, is null. Bytes and seconds are whole numbers.

Exit status: 0 it can be deployed, or there is nothing to change · 1 it would be refused, or rows are in the way ·
2 nothing could be said

Examples:
  crossfade plan schema/shop --against mysql://reader@db.example/shop
  crossfade plan schema/shop --against mysql://reader@db.example/shop --json | jq .operations[].how
`

/** Prints what a deployment would mean; returns the exit status. What it refuses it throws. */
export async function planCommand(
  args: readonly string[],
  io: CommandIo,
  clock: Clock = systemClock,
): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') {
    io.out(PLAN_HELP)
    return 0
  }
  const plan = await makeThePlan(options, io, clock)
  if (options.json) {
    io.out(JSON.stringify(toJson(plan)))
  } else {
    for (const line of toText(plan)) io.out(line)
    if (plan.operations.length === 0) io.err('There is nothing to change.')
  }
  return isDeployable(plan) ? 0 : 1
}

type Options = {
  readonly wanted: string
  readonly against: string
  readonly method: 'shadow' | 'instant'
  readonly withinMs: number
  readonly scratch: string | null
  readonly json: boolean
}

const WITHIN_SECONDS = '30'

function readOptions(args: readonly string[]): Options | 'help' {
  const line = new CommandLine('plan', args)
  const { values, positionals } = line.read({
    against: { type: 'string' },
    instant: { type: 'boolean' },
    within: { type: 'string' },
    scratch: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  })
  if (values.help) return 'help'
  const [wanted, ...more] = positionals
  if (!wanted || more.length > 0)
    throw line.refusal(`plan takes one schema, not ${positionals.length}`)
  const { against, within = WITHIN_SECONDS } = values
  if (!against) throw line.refusal('--against URL is missing')
  if (!isDatabaseUrl(against)) throw line.refusal('--against is no database URL')
  if (!/^[1-9]\d{0,3}$/.test(within))
    throw line.refusal('--within takes whole seconds, at most 9999')
  return {
    wanted,
    against,
    method: values.instant ? 'instant' : 'shadow',
    withinMs: Number(within) * 1_000,
    scratch: values.scratch ?? null,
    json: values.json ?? false,
  }
}

async function makeThePlan(
  { wanted, against, method, withinMs, scratch }: Options,
  io: CommandIo,
  clock: Clock,
): Promise<Plan> {
  const target = parseTarget(against)
  const say = sayingAfterASecond(io, clock)
  await using loading = await openLoading([wanted, against], scratch, io)
  say('Reading the schema of the database …')
  const live = await loadSchema(against, loading)
  say('Reading the wanted schema …')
  const loaded = await loadSource(wanted, loading)
  const to = loaded.schema
  const left = toldUnmanaged(unmanagedIn(live, to))
  if (left !== null) io.err(left)
  const changes = diffSchemas(live, to, renamesIn(loaded))
  await using session = await connect(target)
  const isFolder = !isDatabaseUrl(wanted)
  const found = await forecastChanges(
    session,
    { schema: target.schema ?? '', now: live, live, changes },
    {
      clock,
      method,
      revertWindowMs: null,
      past: [],
      scratch: isFolder && changes.length > 0 ? await loading.scratch() : null,
      withinMs,
      onTable: (table) => say(`Looking at ${table} …`),
    },
  )
  const operations = changes.map((change, at) => planOperation(change, found[at] ?? null))
  return makePlan(operations, circumstancesOf(operations, { live, wanted: to, method }))
}

/** Says what is being done, once it takes longer than a second, and then at most every second. */
function sayingAfterASecond(io: CommandIo, clock: Clock): (line: string) => void {
  let last = clock.now().getTime()
  return (line) => {
    const now = clock.now().getTime()
    if (now - last < 1_000) return
    last = now
    io.err(line)
  }
}
