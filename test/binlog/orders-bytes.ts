import { decodeEvent } from '../../src/binlog/decode.ts'
import type { ChangeEvent } from '../../src/binlog/event.ts'
import type { KeyLayout } from '../../src/binlog/key.ts'
import { Place } from '../../src/binlog/place.ts'
import { Translator } from '../../src/binlog/translate.ts'
import { Refusal } from '../../src/errors.ts'
import { tableMapBody, uint } from './event-bytes.ts'

/** Where the events of these tests begin. */
export const FROM = { kind: 'file', file: 'binlog.000001', offset: 4n } as const

/** `id INT, name VARCHAR(300), code BINARY(3)`, with the key `(id, code)`. */
export const LAYOUT: KeyLayout = {
  columnCount: 3,
  keyColumns: [
    { ordinal: 0, dataType: 'int', unsigned: false, length: null },
    { ordinal: 2, dataType: 'binary', unsigned: false, length: 3 },
  ],
}
/** The table map of `shop.orders`, as number 7. */
export const TABLE_MAP = tableMapBody(7, 'orders', [[3], [15, ...uint(300, 2)], [254, 254, 3]])

/** A whole row of `shop.orders`. */
export function row(id: number, name: string | null, code: string): Buffer {
  const named = name === null ? [] : [uint(name.length, 2), Buffer.from(name)]
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(id)
  return Buffer.concat([
    Buffer.of(name === null ? 0b010 : 0),
    bytes,
    ...named,
    Buffer.of(code.length),
    Buffer.from(code, 'latin1'),
  ])
}

/** What a stream makes of these events; `layoutOf` gives the table's layout unless told otherwise. */
export function translate(
  events: readonly Buffer[],
  { layout = LAYOUT, checksum = true }: { layout?: KeyLayout | null; checksum?: boolean } = {},
): ChangeEvent[] {
  const place = new Place(FROM)
  const translator = new Translator(place, () => layout)
  const changes: ChangeEvent[] = []
  for (const bytes of events) {
    const event = decodeEvent(bytes, checksum)
    place.advance(event.header)
    translator.take(event, changes)
  }
  return changes
}

/** The code of the refusal that `act` throws, else what it returns or throws. */
export function refusalOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error instanceof Refusal ? error.code : error
  }
}
