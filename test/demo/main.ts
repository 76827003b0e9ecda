import { parseArgs } from 'node:util'
import { Refusal } from '../../src/errors.ts'
import { type Outcome, play } from './play.ts'
import { Terminal } from './terminal.ts'

const USAGE = `npm run demo -- [--orders N] [--keep] [--json]

The whole loop on this machine: a shop under write load, its pull request, the bot, a cutover and a revert.

  --orders N  how many orders the shop has (200000)
  --keep      leave everything running until Ctrl-C, and print the addresses
  --json      print the outcome as one JSON object on the last line
`

function readOptions() {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string', default: '200000' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const orders = Number(values.orders)
  if (!Number.isSafeInteger(orders) || orders < 100 || orders > 10_000_000) {
    throw new TypeError('--orders must be a whole number from 100 to 10000000')
  }
  return { ...values, orders }
}

async function main(): Promise<void> {
  let options: ReturnType<typeof readOptions>
  try {
    options = readOptions()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    process.exitCode = 2
    return
  }
  if (options.help) {
    process.stdout.write(USAGE)
    return
  }
  const terminal = new Terminal(process.stdout)
  const stop = new AbortController()
  const interrupt = () => stop.abort(new Error('interrupted'))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)
  const { orders, keep, json } = options
  try {
    await play({
      orders,
      keep,
      terminal,
      signal: stop.signal,
      env: process.env,
      onOutcome: (outcome) => {
        terminal.line(tableOf(outcome))
        if (json) terminal.line(JSON.stringify(outcome))
        process.exitCode = outcome.rowsLost === 0 && outcome.applicationErrors === 0 ? 0 : 1
      },
    })
  } catch (error) {
    process.exitCode = stop.signal.aborted ? 130 : 1
    process.stderr.write(`\nThe demo did not reach its end: ${describe(error)}\n`)
  }
}

function tableOf({ rowsCopied, writes, rowsLost, ...outcome }: Outcome): string {
  const { longestStalledWriteMs, applicationErrors, seconds, writesPerSecond } = outcome
  const rows = [
    ['Rows copied', rowsCopied, ''],
    ['Writes meanwhile', writes, `about ${writesPerSecond} a second`],
    ['Longest stalled write', longestStalledWriteMs, 'ms'],
    ['Rows lost', rowsLost, rowsLost === 0 ? 'every acknowledged write is there' : ''],
    ['Application errors', applicationErrors, ''],
    ['Seconds', seconds, ''],
  ] as const
  const lines = rows.map(([name, value, unit]) =>
    `  ${name.padEnd(24)}${value.toLocaleString('en').padStart(10)}  ${unit}`.trimEnd(),
  )
  return `\n${lines.join('\n')}`
}

function describe(error: unknown): string {
  if (error instanceof Refusal) return `${error.code}: ${error.message} ${error.next}`
  return error instanceof Error ? error.message : String(error)
}

await main()
