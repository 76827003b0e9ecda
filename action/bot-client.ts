import { type Clock, systemClock } from '../src/clock.ts'
import {
  parseSubmissionAnswer,
  type Submission,
  type SubmissionAnswer,
} from '../src/deploy/submission.ts'
import { Refusal } from '../src/errors.ts'
import { isBusyStatus, withRetries } from './retry.ts'

/** The bot, and how to tell it who we are. */
export type Bot = {
  readonly url: string
  /** A new OIDC token for the bot. Each is good for one request: a bot that saw one refuses it later. */
  readonly identify: () => Promise<string>
  readonly clock?: Clock
}

/** How long one request may take: the bot looks at the production server before it answers. */
const TIMEOUT_MS = 60_000

/**
 * Opens or updates the deploy request. Safe to repeat: the bot knows a submission by repository, pull request,
 * database and commit, so that a try whose answer was lost and the next one end in the same deploy request.
 *
 * @throws {Refusal} BOT_REFUSED with the bot's own reason, or when it does not answer for half a minute.
 */
export async function submit(bot: Bot, submission: Submission): Promise<SubmissionAnswer> {
  const address = `${bot.url}/action/deploy-requests`
  try {
    const body = await withRetries(
      () => post(address, bot, submission),
      (error) => error instanceof Busy,
      bot.clock ?? systemClock,
    )
    return parseSubmissionAnswer(body)
  } catch (error) {
    if (!(error instanceof Busy)) throw error
    if (error.refusal) throw error.refusal
    throw new Refusal('BOT_REFUSED', `The bot at ${bot.url} does not answer (${error.message}).`, {
      next: 'Check that the bot runs and that the input bot-url is its address, then run the job again.',
      cause: error,
    })
  }
}

/** No answer, or one that says "not now", if possible in the bot's own words. */
class Busy extends Error {
  readonly refusal: Refusal | null

  constructor(message: string, { refusal, cause }: { refusal: Refusal | null; cause?: unknown }) {
    super(message, { cause })
    this.refusal = refusal
  }
}

async function post(address: string, bot: Bot, submission: Submission): Promise<unknown> {
  const token = await bot.identify()
  const response = await send(address, token, submission)
  // An answer that is no JSON is not from the bot; its status says enough.
  const body: unknown = await response.json().catch(() => null)
  if (response.ok && body !== null) return body
  const refusal = refusalIn(body)
  if (isBusyStatus(response.status)) throw new Busy(`HTTP ${response.status}`, { refusal })
  if (refusal) throw refusal
  throw new Refusal('BOT_REFUSED', `${bot.url} answered with HTTP ${response.status}.`, {
    next: 'Check that the input bot-url is the address of the bot.',
  })
}

async function send(address: string, token: string, submission: Submission): Promise<Response> {
  try {
    return await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(submission),
      // A redirect would take the token to an address that nobody configured.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (cause) {
    throw new Busy('no connection', { refusal: null, cause })
  }
}

/** The bot's own no, as `bot/api/router.ts` writes it; null when `body` is not one. */
function refusalIn(body: unknown): Refusal | null {
  if (typeof body !== 'object' || body === null) return null
  const { message, next } = body as { readonly message?: unknown; readonly next?: unknown }
  if (typeof message !== 'string' || typeof next !== 'string') return null
  return new Refusal('BOT_REFUSED', message, { next })
}
