import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RunPhase } from '../../src/engine/port.ts'
import type { WantedRequest } from '../../src/engine/request.ts'
import { keepMemorySmall } from '../../src/memory.ts'
import type { Target } from '../../src/mysql/connect.ts'

/** What the child is to deploy, as JSON in its first argument. */
export type EngineOrder = { readonly target: Target; readonly request: WantedRequest }

/** What the child says whenever its phase changes, and when it is asked with `look` or `collect`. */
export type EngineReport = {
  readonly phase: RunPhase
  /** Since the process has begun to stage. */
  readonly afterMs: number
  readonly cpuMs: number
  readonly rssMiB: number
  readonly peakMiB: number
  /** What is alive: only known where it was asked for with `collect`, which removes all garbage first. */
  readonly liveMiB: number | null
  readonly pendingKeys: number
  /** Sockets, timers and other things that keep the process alive. */
  readonly handles: number
  readonly outcome: string | null
}

const LOOK_EVERY_MS = 5

// As the command does it: first this, then everything else.
keepMemorySmall()
enableCompileCache(join(homedir(), '.cache', 'crossfade'))
const [{ createEngine }, { engineRequest }] = await Promise.all([
  import('../../src/engine/engine.ts'),
  import('../../src/engine/request.ts'),
])
// Sound: the parent passes an EngineOrder.
const { target, request } = JSON.parse(process.argv[2] ?? '') as EngineOrder
const begunAt = performance.now()
let outcome: string | null = null
const run = await createEngine(target).stage(engineRequest(request), { onEvent: () => undefined })
// V8 gives its collector to whoever asks before a context is made.
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const report = (liveMiB: number | null = null) => {
  const cpu = process.cpuUsage()
  process.send?.({
    phase: run.status().phase,
    afterMs: performance.now() - begunAt,
    cpuMs: (cpu.user + cpu.system) / 1000,
    rssMiB: process.memoryUsage.rss() / 1_048_576,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    liveMiB,
    pendingKeys: run.status().pendingKeys,
    handles: process.getActiveResourcesInfo().length,
    outcome,
  } satisfies EngineReport)
}
let last: RunPhase | null = null
const looking = setInterval(() => {
  if (run.status().phase === last) return
  last = run.status().phase
  report()
}, LOOK_EVERY_MS)
process.on('message', (command) => {
  if (command === 'cutover') run.cutover()
  if (command === 'cancel') run.cancel()
  if (command === 'look') report()
  if (command === 'collect') {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    report((heapUsed + external) / 1_048_576)
  }
})
outcome = await run.finished
clearInterval(looking)
report()
process.disconnect()
