import { createEngine } from '../engine/engine.ts'
import { discardDeployment, findUnfinished } from '../engine/leftover.ts'
import type { EngineEvent, EngineOutcome, EngineRun, RunPhase } from '../engine/port.ts'
import { parseTarget } from '../mysql/connect.ts'
import type { CommandIo } from './io.ts'
import { MIGRATE_HELP, readOptions } from './migrate-options.ts'
import { type OrderAnswer, runOrder } from './order.ts'
import { printerFor } from './printer.ts'

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
  const watching = {
    onEvent: (event: EngineEvent) => print.event(event),
    replicas: options.replicas,
  }
  const unfinished = await findUnfinished(target, options.request.operations)
  const run =
    unfinished === null
      ? await engine.stage(options.request, watching)
      : await engine.resume(unfinished, watching)
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
