import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineEvent, EngineOutcome, RunPhase } from '../../src/engine/port.ts'
import type { WantedRequest } from '../../src/engine/request.ts'
import type { Target } from '../../src/mysql/connect.ts'
import type { Trap } from './statement-trap.ts'

/** What {@link EngineProcess} tells its child to do. */
export type EngineOrder = {
  readonly target: Target
  readonly id: string
  /** What to stage; null resumes the deployment of this id. */
  readonly stage: {
    readonly statements: readonly string[]
    readonly options: Partial<WantedRequest>
  } | null
  /** Reverts as soon as it can. */
  readonly reverts?: boolean
  /** Where it kills itself with -9. */
  readonly dies?: Trap
  /** Where it waits until it is told to go on. */
  readonly waits?: readonly Trap[]
}

/**
 * What may be said to an engine process; a number lets it go on at the trap of this number, and `what_now` makes it
 * tell what it waits for.
 */
export type Command = 'cutover' | 'revert' | 'skipRevert' | 'cancel' | 'what_now' | number

/** What an engine process says. */
export type Message =
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'phase'; readonly phase: RunPhase }
  /** It waits at the trap of this number. */
  | { readonly type: 'waiting'; readonly trap: number }
  /** The statements that it has no answer to. */
  | { readonly type: 'unanswered'; readonly statements: readonly string[] }
  /** It could not be staged or resumed. */
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | {
      readonly type: 'ended'
      readonly outcome: EngineOutcome
      readonly statements: number
      /** What a failure was caused by, with its stack, for whoever has to mend it. */
      readonly cause: string
    }

/** An engine in a process of its own, so that it can be killed without a chance to tidy up. */
export class EngineProcess {
  readonly id: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #complaint = ''

  private constructor(order: EngineOrder) {
    this.id = order.id
    const file = fileURLToPath(new URL('./engine-child.ts', import.meta.url))
    this.#child = fork(file, [JSON.stringify(order)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#complaint += bytes.toString()
    })
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve))
  }

  static stage(
    target: Target,
    statements: readonly string[],
    options: Partial<WantedRequest> & Pick<EngineOrder, 'reverts' | 'dies' | 'waits'> = {},
  ): EngineProcess {
    const { reverts, dies, waits, id = newId(), ...request } = options
    return new EngineProcess({
      target,
      id,
      stage: { statements, options: request },
      ...(reverts ? { reverts } : {}),
      ...(dies ? { dies } : {}),
      ...(waits ? { waits } : {}),
    })
  }

  static resume(
    target: Target,
    id: string,
    options: Pick<EngineOrder, 'reverts' | 'dies' | 'waits'> = {},
  ): EngineProcess {
    return new EngineProcess({ target, id, stage: null, ...options })
  }

  /** Resolves with the signal that has ended the process, null when it has ended by itself. */
  async ended(): Promise<NodeJS.Signals | null> {
    await this.#exited
    return this.#child.signalCode
  }

  /** What it wrote to its standard error. */
  get complaint(): string {
    return this.#complaint
  }

  /** Calls `listener` for everything that it says from now on. */
  listen(listener: (message: Message) => void): void {
    this.#child.on('message', listener)
  }

  /** Resolves at the first event that `wanted` accepts; rejects when the process ends first. */
  async seen(wanted: (event: EngineEvent) => boolean): Promise<void> {
    const found = new Promise<void>((resolve) => {
      this.listen((message) => {
        if (message.type === 'event' && wanted(message.event)) resolve()
      })
    })
    const ended = this.#exited.then(() => {
      throw new Error(`the engine process ended before the event came: ${this.#complaint}`)
    })
    await Promise.race([found, ended])
  }

  /** A process that is gone hears nothing. */
  tell(command: Command): void {
    if (this.#child.connected) this.#child.send(command, () => {})
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

function newId(): string {
  return `c${Math.floor(Math.random() * 36 ** 8).toString(36)}`
}
