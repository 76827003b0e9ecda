import { zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readEvents } from '../../src/binlog/payload.ts'
import { CODE, eventBytes, rowsBody } from './event-bytes.ts'
import { row, TABLE_MAP } from './orders-bytes.ts'

const TABLE = eventBytes(CODE.TABLE_MAP, TABLE_MAP)
const INSERT = eventBytes(CODE.WRITE_ROWS, rowsBody(7, 3, [0b111], [row(-5, 'x', 'ab')]))

describe('a compressed transaction', () => {
  const inner = Buffer.concat(
    [TABLE, INSERT].map((bytes) =>
      eventBytes(bytes.readUInt8(4), bytes.subarray(19, -4), { checksum: false }),
    ),
  )

  test.each([1, 20_000])('gives its events back, %s times as many', async (times) => {
    const content = Buffer.concat(Array.from({ length: times }, () => inner))
    const payload = { compressed: true, size: content.length, data: zstdCompressSync(content) }

    const events: Buffer[] = []
    for await (const group of readEvents(payload)) events.push(...group)

    expect(Buffer.concat(events).equals(content)).toBe(true)
    expect(events).toHaveLength(2 * times)
  })

  test.each([1, 20_000])(
    'stops the stream when it is damaged or cut off, %s times as many',
    async (times) => {
      const content = Buffer.concat(Array.from({ length: times }, () => inner))
      const data = zstdCompressSync(content)
      const damaged = Buffer.concat([data.subarray(0, -9), Buffer.alloc(5, 0xff)])
      const drain = async (bytes: Buffer, compressed: boolean) => {
        for await (const group of readEvents({ compressed, size: content.length, data: bytes }))
          void group
      }

      await expect(drain(damaged, true)).rejects.toMatchObject({ code: 'STREAM_STOPPED' })
      await expect(drain(content.subarray(0, -1), false)).rejects.toMatchObject({
        code: 'STREAM_STOPPED',
      })
    },
  )
})
