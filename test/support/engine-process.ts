import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineEvent } from '../../src/engine/port.ts'
import type { WantedRequest } from '../../src/engine/request.ts'
import type { Target } from '../../src/mysql/connect.ts'

/** What {@link EngineProcess} tells its child to do. */
export type EngineOrder = {
  readonly target: Target
  readonly id: string
  readonly statements: readonly string[]
  readonly options: Partial<WantedRequest>
  /** Reverts as soon as it can. */
  readonly reverts?: boolean
  /** Where it kills itself with -9; null when it does not. */
  readonly dies?: Death
}

/** The first statement that `statement` matches, and on which side of it to die. */
export type Death = { readonly when: 'before' | 'after'; readonly statement: string }

/** An engine in a process of its own, so that it can be killed without a chance to tidy up. */
export class EngineProcess {
  readonly id: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  private constructor(order: EngineOrder) {
    this.id = order.id
    const file = fileURLToPath(new URL('./engine-child.ts', import.meta.url))
    this.#child = fork(file, [JSON.stringify(order)], { execArgv: [] })
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve))
  }

  static stage(
    target: Target,
    statements: readonly string[],
    options: Partial<WantedRequest> & Pick<EngineOrder, 'reverts' | 'dies'> = {},
  ): EngineProcess {
    const id = `c${Math.floor(Math.random() * 36 ** 8).toString(36)}`
    const { reverts, dies, ...request } = options
    const order = { target, id, statements, options: request }
    return new EngineProcess({
      ...order,
      ...(reverts ? { reverts } : {}),
      ...(dies ? { dies } : {}),
    })
  }

  /** Resolves with the signal that has ended the process, null when it has ended by itself. */
  async ended(): Promise<NodeJS.Signals | null> {
    await this.#exited
    return this.#child.signalCode
  }

  /** Resolves at the first event that `wanted` accepts; rejects when the process ends first. */
  async seen(wanted: (event: EngineEvent) => boolean): Promise<void> {
    const found = new Promise<void>((resolve) => {
      this.#child.on('message', (event: EngineEvent) => {
        if (wanted(event)) resolve()
      })
    })
    const ended = this.#exited.then(() => {
      throw new Error('the engine process ended before the event came')
    })
    await Promise.race([found, ended])
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}
