import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { Refusal } from '../errors.ts'

/** The words of one command as `crossfade` got them, and the refusal of those that it cannot use. */
export class CommandLine {
  readonly #command: string
  readonly #args: readonly string[]

  constructor(command: string, args: readonly string[]) {
    this.#command = command
    this.#args = args
  }

  /**
   * The options by name, and what stands between them.
   *
   * @throws {Refusal} INPUT_INVALID; what was written is not in the message, as it may hold a password.
   */
  read<const T extends ParseArgsOptionsConfig>(options: T) {
    try {
      return parseArgs({ args: [...this.#args], allowPositionals: true, options })
    } catch (error) {
      throw this.refusal('an option is unknown or lacks its value', error)
    }
  }

  /** @param what completes “The command line cannot be used: …”. */
  refusal(what: string, cause?: unknown): Refusal {
    return new Refusal('INPUT_INVALID', `The command line cannot be used: ${what}.`, {
      next: `Run crossfade ${this.#command} --help`,
      cause,
    })
  }
}
