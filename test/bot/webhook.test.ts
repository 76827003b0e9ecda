import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readDelivery } from '../../bot/webhook.ts'
import { Refusal } from '../../src/errors.ts'

const SECRET = 'a secret of at least 32 characters'
const BODY = Buffer.from('{"zen":"ünïcode"}')

describe('readDelivery', () => {
  test('takes what was signed with our secret over these very bytes', () => {
    expect(readDelivery(headersOf(BODY), BODY, SECRET)).toEqual({
      deliveryId: 'b6f0-1',
      event: 'ping',
      subject: 'delivery:b6f0-1',
      body: '{"zen":"ünïcode"}',
    })
  })

  test.each([
    ['no signature', { ...headersOf(BODY), 'x-hub-signature-256': undefined }],
    ['an empty one', { ...headersOf(BODY), 'x-hub-signature-256': '' }],
    ['one of another secret', headersOf(BODY, 'development')],
    ['one of another body', headersOf(Buffer.from('{}'))],
    ['the same in capitals', capitals(headersOf(BODY))],
  ])('refuses %s', (_what, headers) => {
    expect(codeOf(() => readDelivery(headers, BODY, SECRET))).toBe('SIGNATURE_INVALID')
  })

  test.each([
    ['a body that is not JSON', headersOf(Buffer.from('zen')), Buffer.from('zen')],
    ['no delivery id', { ...headersOf(BODY), 'x-github-delivery': undefined }, BODY],
    ['an event that is no name', { ...headersOf(BODY), 'x-github-event': '../ping' }, BODY],
  ])('refuses %s although it is signed', (_what, headers, body) => {
    expect(codeOf(() => readDelivery(headers, body, SECRET))).toBe('INPUT_INVALID')
  })
})

function headersOf(body: Buffer, secret = SECRET) {
  return {
    'x-github-delivery': 'b6f0-1',
    'x-github-event': 'ping',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
}

function capitals(headers: ReturnType<typeof headersOf>) {
  const signature = headers['x-hub-signature-256'].toUpperCase()
  return { ...headers, 'x-hub-signature-256': signature }
}

function codeOf(action: () => unknown): string | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}
