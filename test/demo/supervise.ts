import type { GitHub } from '../support/github/github.ts'
import type { BotProcess, Death } from './bot-process.ts'

export type Supervised = {
  readonly bot: BotProcess
  readonly github: GitHub
  readonly say: (text: string) => unknown
}

/** So often a bot is started again; one that dies more often will not recover by it. */
const MOST_RESTARTS = 20

/**
 * Starts the bot again when it dies. One that somebody ended in order is left to them, and so is one that
 * somebody has already started again by hand.
 */
export class Supervisor {
  /** Aborted when the bot cannot be brought back. */
  readonly failed = new AbortController()
  #supervised: Supervised | null = null
  #restarts = 0
  #over = false

  /** What to watch, once it has been started. */
  watch(supervised: Supervised): void {
    this.#supervised = supervised
  }

  /** From now on a death is nobody's business. */
  rest(): void {
    this.#over = true
  }

  readonly onDeath = (death: Death): void => {
    this.#restart(death).catch((error: unknown) => this.failed.abort(error))
  }

  async #restart({ code, signal }: Death): Promise<void> {
    if (this.#over) return
    if (!this.#supervised) throw new Error('the bot ended while it was started')
    const { bot, github, say } = this.#supervised
    const how = signal ?? `exit code ${code}`
    if (await bot.isUp()) {
      say('Somebody has started another bot by hand; this one goes on with it.')
      return
    }
    if (code === 0) {
      say(`The bot was ended in order. Start it again with:\n  ${bot.command}`)
      return
    }
    this.#restarts += 1
    if (this.#restarts > MOST_RESTARTS) throw new Error(`the bot keeps dying (${how})`)
    say(`The bot died (${how}). It is started again and goes on from its checkpoint.`)
    await bot.start(this.onDeath)
    say(
      `The bot is back as process ${bot.pid}; it takes over as soon as the dead one's lease ends.`,
    )
    await redeliverMissed(github)
  }
}

/** Presses Redeliver for every event that found no bot, as a person would on GitHub. */
async function redeliverMissed(github: GitHub): Promise<void> {
  const answered = new Set(
    github.deliveries.filter(({ statusCode }) => statusCode !== null).map(({ guid }) => guid),
  )
  const missed = github.deliveries.filter(({ guid }) => !answered.has(guid))
  const firsts = new Map(missed.toReversed().map((delivery) => [delivery.guid, delivery]))
  for (const { id } of [...firsts.values()].reverse()) await github.redeliver(id)
}
