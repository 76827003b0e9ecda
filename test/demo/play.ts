import { once } from 'node:events'
import type { StoredDeployment } from '../../src/store/deployments.ts'
import type { Differences } from '../support/workload/ledger.ts'
import { startWorkload } from '../support/workload.ts'
import { toPlainText } from './plain.ts'
import { Scene } from './scene.ts'
import { LOYALTY_CHANGE, rowsOf, SHIPMENTS_CHANGE, shopTables } from './shop.ts'
import { Supervisor } from './supervise.ts'
import type { Terminal } from './terminal.ts'
import { startWorld, type World } from './world.ts'

/** What the demo has shown, in numbers. */
export type Outcome = {
  readonly rowsCopied: number
  readonly writes: number
  readonly writesPerSecond: number
  readonly longestStalledWriteMs: number
  /** Rows that are not as the last acknowledged write left them, in both checks together. */
  readonly rowsLost: number
  readonly rowsChecked: number
  readonly applicationErrors: number
  readonly seconds: number
}

export type PlayOptions = {
  readonly orders: number
  readonly keep: boolean
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onOutcome: (outcome: Outcome) => void
}

const WRITERS = 8
const WRITES_PER_SECOND = 300

/** Plays the whole loop; rejects with the reason when a step is not reached. Nothing is left running. */
export async function play(options: PlayOptions): Promise<void> {
  const { orders, terminal, env, keep } = options
  const startedAt = performance.now()
  await using stack = new AsyncDisposableStack()
  const supervisor = new Supervisor()
  terminal.step(
    `Start a MySQL server with a shop of ${count(orders)} orders, a GitHub on this machine, and the bot.`,
  )
  const world = stack.use(await startWorld({ orders, env, onBotDeath: supervisor.onDeath }))
  stack.defer(() => supervisor.rest())
  const { server, github, bot } = world
  let over = false
  // Behind the outcome nothing more is written to stdout: its last line may be read by a program.
  const say = (text: string) => (over ? process.stderr.write(`${text}\n`) : terminal.say(text))
  supervisor.watch({ bot, github, say })
  terminal.say(`Database    ${server.url('shop')}  (${count(rowsOf(orders))} rows)`)
  terminal.say(`GitHub      ${github.url}/repos/acme/shop`)
  terminal.say(`Bot         process ${bot.pid}: end it with kill -9 whenever you like`)
  const signal = AbortSignal.any([options.signal, supervisor.failed.signal])
  try {
    const workload = stack.use(
      await startWorkload({
        target: world.target,
        tables: shopTables(orders),
        writers: WRITERS,
        writesPerSecond: WRITES_PER_SECOND,
      }),
    )
    const writingSince = performance.now()
    const scene = new Scene({ world, workload, signal })
    const shown = await showLoop(scene, terminal)
    const { latency } = await workload.whileHeld(async (report) => report)
    options.onOutcome({
      ...shown,
      writes: workload.writes,
      writesPerSecond: Math.round(workload.writes / ((performance.now() - writingSince) / 1000)),
      longestStalledWriteMs: Math.round(latency.longestMs),
      applicationErrors: workload.errors.length,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    })
    for (const error of workload.errors.slice(0, 5)) {
      process.stderr.write(`An application error: ${error.errno} ${error.message}\n`)
    }
    over = true
    if (keep) await keepRunning(world, signal)
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    terminal.line(`\nThe end of the bot's log:\n${await bot.lastLines(15)}`)
    throw error
  }
}

type Shown = Pick<Outcome, 'rowsCopied' | 'rowsLost' | 'rowsChecked'>

async function showLoop(scene: Scene, terminal: Terminal): Promise<Shown> {
  const { workload } = scene
  await workload.written(200)
  terminal.step(
    `${WRITERS} writers insert, update, move and delete rows, about ${WRITES_PER_SECOND} a second, until the end.`,
  )
  const first = await scene.openPullRequest('shipments', 'Ship orders', SHIPMENTS_CHANGE)
  terminal.step(`Pull request #${first} changes two tables, orders and order_items, and adds one.`)
  terminal.step('The bundled Action runs for it and asks the bot for a deploy request.')
  const outputs = await scene.runAction(first)
  terminal.say(`Deploy request ${outputs['deploy-request']}, state ${outputs.state}.`)
  terminal.say('The bot comments on the pull request:\n')
  terminal.quote(toPlainText(await scene.comment(first, 'Ready to deploy')))

  terminal.step('A developer comments /stage: shadow tables are built and kept in sync.')
  await scene.stage(first, (stored) => terminal.progress(progressOf(stored, workload.writes)))
  terminal.say(
    `In sync: ${count(await scene.rowsCopied())} rows copied. The old tables are still live.`,
  )

  terminal.step('The developer merges, and the bot swaps all tables at once.')
  await scene.merge(first)
  requireColumn(await scene.columns('orders'), 'currency', true)
  requireColumn(await scene.columns('shipments'), 'carrier', true)
  terminal.say(`orders now has the columns ${(await scene.columns('orders')).join(', ')}.`)

  terminal.step('Every row of the new tables is compared with every acknowledged write.')
  const tables = ['orders', 'order_items', 'customers']
  const afterCutover = await scene.check(tables)
  terminal.say(describeCheck(afterCutover))

  const second = await scene.openPullRequest('loyalty', 'Count points', LOYALTY_CHANGE)
  terminal.step(`Pull request #${second} adds a column to customers and is deployed with /deploy.`)
  await scene.runAction(second)
  await scene.comment(second, 'Ready to deploy')
  await scene.deploy(second, (stored) => terminal.progress(progressOf(stored, workload.writes)))
  requireColumn(await scene.columns('customers'), 'loyalty_points', true)
  const rowsCopied = await scene.rowsCopied()
  terminal.say('Live. The writers go on, on the new table.')
  await workload.written(300)

  terminal.step('Somebody comments /revert: the old table comes back, with the rows written since.')
  await scene.revert(second)
  requireColumn(await scene.columns('customers'), 'loyalty_points', false)
  terminal.say(`customers has the columns ${(await scene.columns('customers')).join(', ')} again.`)
  await workload.written(100)

  terminal.step('Every row is compared with every acknowledged write again.')
  const afterRevert = await scene.check(tables)
  terminal.say(describeCheck(afterRevert))
  const rowsLost = lostIn(afterCutover) + lostIn(afterRevert)
  return { rowsCopied, rowsLost, rowsChecked: afterCutover.compared + afterRevert.compared }
}

/** One line on where a deployment is. */
function progressOf({ deployment, progress }: StoredDeployment, writes: number): string {
  const meanwhile = `${count(writes)} writes so far`
  if (!progress || deployment.state !== 'in_progress') {
    return `${deployment.state.replaceAll('_', ' ')} · ${meanwhile}`
  }
  const { phase, rowsCopied, rowsEstimated, rowsPerSecond } = progress
  if (phase !== 'copying') return `${phase.replaceAll('_', ' ')} · ${meanwhile}`
  const share = Math.min(0.99, rowsCopied / Math.max(1, rowsEstimated))
  const bar = '█'.repeat(Math.floor(share * 20)).padEnd(20, '░')
  const rate = rowsPerSecond > 0 ? ` · ${count(rowsPerSecond)} rows/s` : ''
  return `${bar} ${Math.floor(share * 100)} % · ${count(rowsCopied)} of about ${count(rowsEstimated)} rows${rate} · ${meanwhile}`
}

function lostIn({ missing, phantom, different }: Differences): number {
  return missing.length + phantom.length + different.length
}

function describeCheck(found: Differences): string {
  const lost = lostIn(found)
  if (lost === 0) return `${count(found.compared)} rows compared, none is missing or different.`
  const examples = [...found.missing, ...found.phantom, ...found.different].slice(0, 5)
  return `${count(lost)} rows are not as they should be, among them: ${examples.join('; ')}`
}

function requireColumn(columns: readonly string[], name: string, wanted: boolean): void {
  if (columns.includes(name) !== wanted) {
    throw new Error(`the live table ${wanted ? 'lacks' : 'still has'} the column ${name}`)
  }
}

/** Prints how to go on by hand, then waits for Ctrl-C. */
async function keepRunning({ server, github, bot }: World, signal: AbortSignal): Promise<void> {
  const { token } = github.as('writer')
  process.stderr.write(`
Everything is still running, the writers too. Ctrl-C ends it.

  Database       ${server.url('shop')}
  Store          ${server.url('crossfade')}
  GitHub's API   ${github.url}/repos/acme/shop
  Bot            ${bot.url}, process ${bot.pid}; started again when it dies. By hand:
                 ${bot.command}
  Read           curl -s -H 'authorization: token ${token}' ${github.url}/repos/acme/shop/issues/2/comments
  Comment        curl -s -H 'authorization: token ${token}' -d '{"body":"/status"}' ${github.url}/repos/acme/shop/issues/2/comments
`)
  if (!signal.aborted) await once(signal, 'abort')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
