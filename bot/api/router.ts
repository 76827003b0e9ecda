import { randomUUID } from 'node:crypto'
import { ERRORS, type ErrorCode, Refusal } from '../../src/errors.ts'
import type { Log } from '../log.ts'

/** As node:http gives them: names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export type ApiRequest = { readonly headers: Headers; readonly body: Buffer }

export type ApiAnswer = { readonly status: number; readonly body: unknown }

/** One thing that can be asked for over HTTP. */
export type Route = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** A longer body is refused before it is read to its end. */
  readonly limitBytes: number
  readonly handle: (request: ApiRequest) => Promise<ApiAnswer>
}

/** The answer to every no: the same three fields that a comment shows. */
export type ErrorBody = {
  readonly code: ErrorCode | 'INTERNAL'
  readonly message: string
  readonly next: string
}

/**
 * The route of a request.
 *
 * @throws {Refusal} NOT_FOUND.
 */
export function findRoute(routes: readonly Route[], method: string, url: string): Route {
  const path = url.split('?', 1)[0] ?? ''
  const route = routes.find((candidate) => candidate.path === path && candidate.method === method)
  if (route) return route
  throw new Refusal('NOT_FOUND', 'There is nothing at this address.', {
    next: `Use one of ${routes.map((known) => `${known.method} ${known.path}`).join(', ')}.`,
  })
}

/** A refusal as it is; anything else as an internal error whose text is in the log only, under an id. */
export function answerError(error: unknown, log: Log): ApiAnswer {
  if (error instanceof Refusal) {
    const { code, message, next } = error
    log.info('refused', { code })
    return { status: ERRORS[code].status, body: { code, message, next } satisfies ErrorBody }
  }
  const id = randomUUID()
  log.error('internal error', error, { id })
  const body: ErrorBody = {
    code: 'INTERNAL',
    message: `An internal error happened (${id}).`,
    next: 'Repeat the request; if it fails again, look for the id in the log of the bot.',
  }
  return { status: 500, body }
}
