import { createHmac, randomUUID } from 'node:crypto'
import { ApiError, type Inside, type RequestContext } from './emulated.ts'

/** One attempt to hand an event to the App. */
export type Delivery = {
  readonly id: number
  /** The same for each attempt. */
  readonly guid: string
  readonly event: string
  readonly action: string | null
  /** The bytes that were signed and sent. */
  readonly body: string
  readonly redelivery: boolean
  /** The receiver's answer; null while there is none, and when it could not be reached. */
  readonly statusCode: number | null
}

export type Hook = {
  readonly appId: number
  readonly installationId: number
  readonly secret: string
  /** The events that the App is subscribed to. */
  readonly events: readonly string[]
}

const TIMEOUT_MS = 10_000

/**
 * The App's webhook: signs the bytes it sends, names each event by a GUID, and tries once, as GitHub does.
 * Deliveries go out one after the other, so a test knows their order. The emulator has no log of an App's
 * deliveries and names them by the time of day.
 */
export class Webhooks implements AsyncDisposable {
  readonly #hook: Hook
  readonly #deliveries: Delivery[] = []
  readonly #stop = new AbortController()
  #url: string | null = null
  #queue: Promise<void> = Promise.resolve()

  constructor(hook: Hook) {
    this.#hook = hook
  }

  /** From now on events go to `url`; null means that the App has no webhook, and they go nowhere. */
  sendTo(url: string | null): void {
    this.#url = url
  }

  /** Queues an event that the App is subscribed to. */
  send(event: string, payload: Readonly<Record<string, unknown>>): void {
    if (this.#url === null || !this.#hook.events.includes(event)) return
    const { installationId } = this.#hook
    const installation = { id: installationId, node_id: `INSTALLATION_${installationId}` }
    this.#enqueue({
      guid: randomUUID(),
      event,
      action: typeof payload.action === 'string' ? payload.action : null,
      body: JSON.stringify({ ...payload, installation }),
      redelivery: false,
    })
  }

  /** Every attempt so far, the oldest first. */
  get deliveries(): readonly Delivery[] {
    return this.#deliveries
  }

  /** Resolves when nothing is on its way. */
  async delivered(): Promise<void> {
    let queue: Promise<void>
    do {
      queue = this.#queue
      await queue
    } while (queue !== this.#queue)
  }

  /** The App's own view on its deliveries, with the button to send one again. */
  addRoutes({ app }: Inside): void {
    const assertApp = (context: RequestContext) => {
      if (!context.get('authApp')) throw new ApiError(401, 'A JSON web token could not be decoded')
    }
    app.get('/app/hook/deliveries', (context) => {
      assertApp(context)
      return context.json(this.#deliveries.toReversed().map(show))
    })
    app.post('/app/hook/deliveries/:delivery_id/attempts', (context) => {
      assertApp(context)
      const id = Number(context.req.param('delivery_id'))
      const delivery = this.#deliveries.find((one) => one.id === id)
      if (!delivery) throw new ApiError(404, 'Not Found')
      this.#enqueue({ ...delivery, redelivery: true })
      return context.json({}, 202)
    })
  }

  #enqueue(delivery: Omit<Delivery, 'id' | 'statusCode'>): void {
    const attempt = { ...delivery, id: this.#deliveries.length + 1, statusCode: null }
    const index = this.#deliveries.push(attempt) - 1
    this.#queue = this.#queue.then(async () => {
      this.#deliveries[index] = { ...attempt, statusCode: await this.#post(attempt) }
    })
  }

  async #post({ guid, event, body }: Delivery): Promise<number | null> {
    const url = this.#url
    if (url === null) return null
    const { appId, secret } = this.#hook
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          accept: '*/*',
          'content-type': 'application/json',
          'user-agent': 'GitHub-Hookshot/emulated',
          'x-github-delivery': guid,
          'x-github-event': event,
          'x-github-hook-id': '1',
          'x-github-hook-installation-target-id': `${appId}`,
          'x-github-hook-installation-target-type': 'integration',
          'x-hub-signature-256': `sha256=${signature}`,
        },
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
      await response.arrayBuffer()
      return response.status
    } catch {
      // Nobody there, or no answer in time: GitHub notes it and does not try again.
      return null
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#url = null
    this.#stop.abort()
    await this.delivered()
  }
}

function show({ id, guid, event, action, redelivery, statusCode }: Delivery) {
  const status = statusCode !== null && statusCode < 300 ? 'OK' : 'failed'
  return { id, guid, event, action, redelivery, status, status_code: statusCode ?? 0 }
}
