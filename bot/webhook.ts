import { createHmac, timingSafeEqual } from 'node:crypto'
import { Refusal } from '../src/errors.ts'
import { type Delivery, receiveDelivery } from '../src/store/inbox.ts'
import type { Headers, Route } from './api/router.ts'
import { orderKeyOf } from './events.ts'
import type { Parts } from './parts.ts'

/** The largest webhook GitHub sends: https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap. */
export const WEBHOOK_LIMIT_BYTES = 25 * 1024 * 1024

/**
 * The delivery, if it was signed with our secret over exactly these bytes. Nothing of it has been acted on.
 *
 * @throws {Refusal} SIGNATURE_INVALID or INPUT_INVALID.
 */
export function readDelivery(headers: Headers, body: Buffer, secret: string): Delivery {
  if (!isSigned(headers['x-hub-signature-256'], body, secret)) {
    throw new Refusal('SIGNATURE_INVALID', 'The webhook is not signed with our secret.', {
      next: 'Set the same secret in the GitHub App and in CROSSFADE_WEBHOOK_SECRET.',
    })
  }
  const deliveryId = headers['x-github-delivery']
  const event = headers['x-github-event']
  if (typeof deliveryId !== 'string' || !/^[\w-]{1,64}$/.test(deliveryId)) {
    throw malformed('has no X-GitHub-Delivery header that can be read')
  }
  if (typeof event !== 'string' || !/^[a-z_]{1,64}$/.test(event)) {
    throw malformed('has no X-GitHub-Event header that can be read')
  }
  const subject = orderKeyOf(parseBody(body)) ?? `delivery:${deliveryId}`
  return { deliveryId, event, subject, body: body.toString('utf8') }
}

/** Compares in constant time, so that the answer's delay says nothing about the right signature. */
function isSigned(header: Headers[string], body: Buffer, secret: string): boolean {
  if (typeof header !== 'string') return false
  const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const given = Buffer.from(header)
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected))
}

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw malformed('has a body that is not JSON', error)
  }
}

function malformed(what: string, cause?: unknown): Refusal {
  return new Refusal('INPUT_INVALID', `The webhook ${what}.`, {
    next: 'Set the content type of the GitHub App’s webhook to application/json.',
    cause,
  })
}

/**
 * Where GitHub's events come in: checked, kept, and answered at once. What they ask for is done by the worker.
 */
export function webhookRoute({ store, ring, log }: Parts, secret: string): Route {
  return {
    method: 'POST',
    path: '/webhooks',
    limitBytes: WEBHOOK_LIMIT_BYTES,
    handle: async ({ headers, body }) => {
      const delivery = readDelivery(headers, body, secret)
      const isNew = await receiveDelivery(store, delivery)
      log.info('delivery', { event: delivery.event, id: delivery.deliveryId, isNew })
      ring()
      return { status: 202, body: { accepted: isNew } }
    },
  }
}
