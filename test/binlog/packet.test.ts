import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PacketSplitter } from '../../src/binlog/packet.ts'
import { packets } from './event-bytes.ts'

describe('PacketSplitter', () => {
  test('gives the payloads back however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 30 }),
        (payloads, cuts) => {
          const sent = payloads.map((payload) => Buffer.from(payload))
          const bytes = Buffer.concat(sent.map(packets))
          const splitter = new PacketSplitter()
          const received: Buffer[] = []
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = cuts[turn % cuts.length] ?? 1
            received.push(...splitter.push(bytes.subarray(at, at + size)))
            at += size
          }
          expect(received.map((payload) => payload.toString('hex'))).toEqual(
            sent.map((payload) => payload.toString('hex')),
          )
        },
      ),
    )
  })

  test.each([0xffffff - 1, 0xffffff, 0xffffff + 1, 2 * 0xffffff])(
    'joins the packets of a payload of %i bytes',
    (length) => {
      const payload = Buffer.alloc(length, 'abc')
      const bytes = Buffer.concat([packets(payload), packets(Buffer.from('next'))])
      const splitter = new PacketSplitter()

      const received = [
        ...splitter.push(bytes.subarray(0, 1000)),
        ...splitter.push(bytes.subarray(1000, 0xffffff + 6)),
        ...splitter.push(bytes.subarray(0xffffff + 6)),
      ]

      expect(received).toHaveLength(2)
      expect(received[0]?.equals(payload)).toBe(true)
      expect(received[1]?.toString()).toBe('next')
    },
  )
})
