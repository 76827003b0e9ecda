import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PacketSplitter } from '../../src/binlog/packet.ts'
import { packets } from './event-bytes.ts'

describe('PacketSplitter', () => {
  test('gives the payloads back however the bytes are cut, all read into one buffer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 30 }),
        (payloads, cuts) => {
          const sent = payloads.map((payload) => Buffer.from(payload))
          const bytes = Buffer.concat(sent.map(packets))
          const splitter = new PacketSplitter()
          const received: string[] = []
          const buffer = Buffer.alloc(30)
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = cuts[turn % cuts.length] ?? 1
            const length = bytes.copy(buffer, 0, at, at + size)
            for (const payload of splitter.push(buffer.subarray(0, length))) {
              received.push(payload.toString('hex'))
            }
            at += size
          }
          expect(received).toEqual(sent.map((payload) => payload.toString('hex')))
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
