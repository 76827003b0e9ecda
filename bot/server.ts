import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Refusal } from '../src/errors.ts'
import { type ApiAnswer, answerError, findRoute, type Route } from './api/router.ts'
import type { Log } from './log.ts'

/** A server that listens. Disposing it stops listening and lets the open requests finish. */
export type HttpServer = AsyncDisposable & { readonly port: number }

export type ServerOptions = {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly routes: readonly Route[]
  readonly log: Log
}

/** How long a client may take to send its request. */
const REQUEST_TIMEOUT_MS = 30_000

/**
 * Listens for requests. Probot's own server is not used: it has no limit for the body, accepts the secret
 * `development` when none is set, and answers with the text of exceptions.
 */
export async function startServer({ host, port, routes, log }: ServerOptions): Promise<HttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    respond(request, response, { routes, log }).catch((error: unknown) => {
      log.warn('the client went away before its answer', { path: request.url })
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeIdleConnections()
      })
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, log }: Pick<ServerOptions, 'routes' | 'log'>,
): Promise<void> {
  const answer = await answerOf(request, routes).catch((error: unknown) => answerError(error, log))
  const text = JSON.stringify(answer.body)
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    // What is left of a body that was too long is not read: the connection cannot be used again.
    ...(request.complete ? {} : { connection: 'close' }),
  })
  response.end(text)
}

async function answerOf(request: IncomingMessage, routes: readonly Route[]): Promise<ApiAnswer> {
  const route = findRoute(routes, request.method ?? '', request.url ?? '')
  const body = await readBody(request, route.limitBytes)
  return await route.handle({ headers: request.headers, body })
}

async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limitBytes) throw tooLarge(limitBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  // Sound: a request without an encoding set yields buffers.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limitBytes) throw tooLarge(limitBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(limitBytes: number): Refusal {
  return new Refusal('PAYLOAD_TOO_LARGE', `The body is longer than ${limitBytes} bytes.`, {
    next: 'Send less at once.',
  })
}
