import type { EngineOutcome, RunPhase } from '../../src/engine/port.ts'
import type { Target } from '../../src/mysql/connect.ts'
import { EngineProcess, type Message } from '../support/engine-process.ts'
import type { Workload } from '../support/workload.ts'
import { type Fault, strike, toText, type Victims } from './fault.ts'
import type { Scenario } from './scenario.ts'
import type { Timeline } from './timeline.ts'

/** How often a deployment is taken up again before the round counts as stuck. */
const MOST_PROCESSES = 60
const PAUSE_MS = 300
/** Refusals that a later try may not meet. */
const PASSING = new Set(['DATABASE_UNREACHABLE', 'DEPLOYMENT_BUSY', 'CONNECTION_LOST'])
/** What the application writes at the gate, and in the revert window, before it goes on. */
const WRITES_BETWEEN = 60

/** Starts an engine process again and again until the deployment has ended, and strikes where the scenario says. */
export class Driver {
  readonly #scenario: Scenario
  readonly #target: Target
  readonly #workload: Workload
  readonly #timeline: Timeline
  readonly #victims: Omit<Victims, 'killEngine'>
  readonly #waiting: Set<Fault>
  /** What still lasts of the faults. */
  readonly #lasting: Promise<void>[] = []
  #engine: EngineProcess | null = null
  #staged = false
  #activeAt = performance.now()
  #rowsCopied = 0
  readonly struck: Fault[] = []

  constructor(
    scenario: Scenario,
    context: {
      readonly target: Target
      readonly workload: Workload
      readonly timeline: Timeline
      readonly victims: Omit<Victims, 'killEngine'>
    },
  ) {
    this.#scenario = scenario
    this.#target = context.target
    this.#workload = context.workload
    this.#timeline = context.timeline
    this.#victims = context.victims
    this.#waiting = new Set(scenario.faults)
  }

  /** For how long nothing has happened. */
  get idleMs(): number {
    return performance.now() - this.#activeAt
  }

  /** Makes the engine tell what it waits for. */
  async askWhatNow(): Promise<void> {
    this.#engine?.tell('what_now')
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }

  /** Resolves with how the deployment has ended. */
  async run(): Promise<EngineOutcome> {
    for (let process = 0; process < MOST_PROCESSES; process += 1) {
      const outcome = await this.#runProcess()
      await Promise.all(this.#lasting.splice(0))
      if (outcome !== null) return outcome
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    throw new Error(`the deployment has not ended after ${MOST_PROCESSES} processes`)
  }

  async stop(): Promise<void> {
    await this.#engine?.kill()
    await Promise.allSettled(this.#lasting)
  }

  /** One process from its start to its end; null when the deployment is to be taken up again. */
  async #runProcess(): Promise<EngineOutcome | null> {
    const faults = [...this.#waiting]
    const engine = this.#start(faults)
    this.#engine = engine
    let outcome: EngineOutcome | null = null
    let failure: Error | null = null
    engine.listen((message) => {
      try {
        if (message.type === 'waiting') void this.#strike(engine, faults, message.trap)
        outcome = this.#hear(engine, message) ?? outcome
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error))
      }
    })
    const signal = await engine.ended()
    if (failure) throw failure
    if (signal === null && engine.complaint !== '' && outcome === null) {
      throw new Error(`the engine process broke down: ${engine.complaint}`)
    }
    return outcome
  }

  #start(faults: readonly Fault[]): EngineProcess {
    const id = `chaos${this.#scenario.seed}`
    const waits = faults.map(({ trap }) => trap)
    if (this.#staged) {
      this.#timeline.note('the engine resumes')
      return EngineProcess.resume(this.#target, id, { waits })
    }
    this.#staged = true
    this.#timeline.note('the engine stages')
    const statements = this.#scenario.tables.map(({ alter }) => alter)
    return EngineProcess.stage(this.#target, statements, { ...this.#scenario.options, id, waits })
  }

  /** @returns the outcome, when the message tells it. */
  #hear(engine: EngineProcess, message: Message): EngineOutcome | null {
    switch (message.type) {
      case 'waiting':
        return null
      case 'phase':
        this.#activeAt = performance.now()
        this.#timeline.note(`phase ${message.phase}`)
        void this.#decide(engine, message.phase)
        return null
      case 'unanswered':
        for (const statement of message.statements) this.#timeline.note(`no answer to ${statement}`)
        return null
      case 'refused':
        this.#timeline.note(`refused: ${message.code} ${message.message}`)
        if (message.code === 'CHECKPOINT_MISSING') this.#staged = false
        else if (!PASSING.has(message.code)) throw new Error(`${message.code}: ${message.message}`)
        return null
      case 'ended':
        this.#timeline.note(`ended: ${message.outcome} ${message.cause}`)
        return message.outcome
      case 'event':
        this.#hearEvent(engine, message.event)
        return null
    }
  }

  #hearEvent(engine: EngineProcess, event: (Message & { readonly type: 'event' })['event']): void {
    if (event.event === 'progress') {
      if (event.rowsCopied !== this.#rowsCopied) this.#activeAt = performance.now()
      this.#rowsCopied = event.rowsCopied
      return
    }
    this.#activeAt = performance.now()
    const { at: _, ...said } = event
    this.#timeline.note(JSON.stringify(said))
    if (event.event === 'revert_impossible') throw new Error('the revert became impossible')
    if (event.event === 'reverse_in_sync') void this.#endWindow(engine)
  }

  async #decide(engine: EngineProcess, phase: RunPhase): Promise<void> {
    if (phase !== 'in_sync') return
    await this.#written()
    engine.tell('cutover')
  }

  async #endWindow(engine: EngineProcess): Promise<void> {
    await this.#written()
    engine.tell(this.#scenario.ending === 'complete' ? 'skipRevert' : 'revert')
  }

  /** The server may be down for a while, and the writers with it. */
  async #written(): Promise<void> {
    await this.#workload.written(WRITES_BETWEEN).catch(() => null)
  }

  async #strike(engine: EngineProcess, faults: readonly Fault[], trap: number): Promise<void> {
    const fault = faults[trap]
    if (!fault) throw new TypeError('there is no such trap')
    this.#waiting.delete(fault)
    this.struck.push(fault)
    this.#timeline.note(toText(fault))
    // A server that is still starting cannot be killed again.
    if (fault.kind === 'kill_server') await Promise.allSettled(this.#lasting)
    const struck = strike(fault, { ...this.#victims, killEngine: () => engine.kill() })
    const over = struck.then((one) => one.over)
    over.catch((error: unknown) => this.#timeline.note(`the fault itself failed: ${String(error)}`))
    this.#lasting.push(over)
    await struck.catch(() => null)
    engine.tell(trap)
  }
}
