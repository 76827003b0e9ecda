import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { RunPhase } from '../../src/engine/port.ts'
import type { WantedRequest } from '../../src/engine/request.ts'
import type { Target } from '../../src/mysql/connect.ts'
import type { EngineReport } from './engine-child.ts'

/** The phases until the gate, in their order. */
const PHASES: readonly RunPhase[] = ['starting', 'copying', 'catching_up', 'verifying', 'in_sync']

/** A deployment in a process of its own, so that its memory and processor time are those of the engine alone. */
export class BenchedEngine {
  readonly reports: EngineReport[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(target: Target, request: Omit<WantedRequest, 'id'>) {
    const id = `b${Math.floor(Math.random() * 36 ** 8).toString(36)}`
    const file = fileURLToPath(new URL('./engine-child.ts', import.meta.url))
    const order = JSON.stringify({ target, request: { ...request, id } })
    this.#child = fork(file, [order], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message) => {
      // Sound: the child sends nothing else.
      this.reports.push(message as EngineReport)
      this.#wake()
    })
    this.#child.once('exit', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** The first report of a phase on the way to the gate, or of a later one: a short phase may go by unseen. */
  async reached(phase: RunPhase): Promise<EngineReport> {
    const wanted = PHASES.indexOf(phase)
    return await this.#until(() =>
      this.reports.find((report) => PHASES.indexOf(report.phase) >= wanted),
    )
  }

  /** How it is now; with `collect`, what is alive is counted too, for which all garbage is removed. */
  async look(command: 'look' | 'collect' = 'look'): Promise<EngineReport> {
    const before = this.reports.length
    this.#child.send(command)
    return await this.#until(() => this.reports[before])
  }

  /** Cancels or cuts over, and waits for the end. */
  async end(command: 'cancel' | 'cutover'): Promise<EngineReport> {
    this.#child.send(command)
    const last = await this.#until(() => this.reports.find(({ outcome }) => outcome !== null))
    if (last.outcome === 'failed') throw new Error('the deployment failed')
    return last
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      if (this.#ended) throw new Error('the engine has ended early')
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
