import { unreachable } from '../errors.ts'
import type { BinlogEvent, Header } from './decode.ts'
import type { ChangeEvent } from './event.ts'
import type { KeyLayout } from './key.ts'
import type { Place } from './place.ts'
import { RowReader, type RowsBody } from './rows.ts'
import { stop } from './stop.ts'
import { readTableName, type TableName } from './table-map.ts'

/** A table as the binlog last named it: with the reader of its keys, or null when it is not wanted. */
type NamedTable = { readonly name: TableName; readonly reader: RowReader | null }

/** The reader that was made for a table map and a layout, to be used again while both stay the same. */
type KnownReader = {
  readonly tableMap: Buffer
  readonly layout: KeyLayout
  readonly reader: RowReader
}

/** A table gets a new number each time the server opens it, so numbers grow old. */
const KNOWN_READERS = 1000

/** What a statement in the binlog does to the transaction it is in. */
const CONTROL: readonly (readonly [RegExp, 'opens' | 'ends' | 'neither'])[] = [
  [/^(BEGIN|XA START)\b/i, 'opens'],
  [/^(SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK (WORK )?TO|XA END)\b/i, 'neither'],
  [/^(COMMIT|ROLLBACK|XA COMMIT|XA ROLLBACK|XA PREPARE)\b/i, 'ends'],
]

/**
 * Turns the events of a binlog, one after the other, into changes. It knows which tables the binlog last named,
 * whether a transaction is open, and the place.
 */
export class Translator {
  readonly #place: Place
  readonly #layoutOf: (schema: string, table: string) => KeyLayout | null
  readonly #tables = new Map<number, NamedTable>()
  readonly #known = new Map<number, KnownReader>()
  #transactionOpen = false

  constructor(place: Place, layoutOf: (schema: string, table: string) => KeyLayout | null) {
    this.#place = place
    this.#layoutOf = layoutOf
  }

  /** Adds to `changes` what `event` says. An event with a payload is not for here: its events are. */
  take(event: BinlogEvent, changes: ChangeEvent[]): void {
    const { header } = event
    switch (event.type) {
      case 'rotate':
        if (this.#place.rotate(event.file, event.offset)) this.#takeHeartbeat(changes)
        break
      case 'heartbeat':
        this.#takeHeartbeat(changes)
        break
      case 'format':
        this.#tables.clear()
        this.#known.clear()
        break
      case 'gtid':
        this.#place.begin(event.gtid)
        this.#transactionOpen = event.gtid?.flavour === 'mariadb' && !event.gtid.standalone
        break
      case 'query':
        this.#takeQuery(event, changes)
        break
      case 'commit':
        this.#commit(header, changes)
        break
      case 'table_map':
        this.#takeTableMap(event.body)
        break
      case 'rows':
        this.#takeRows(event.body, header, changes)
        break
      case 'payload':
      case 'nothing':
        break
      default:
        unreachable(event)
    }
  }

  #takeHeartbeat(changes: ChangeEvent[]): void {
    changes.push({ type: 'heartbeat', at: null, position: this.#place.boundary })
  }

  #takeQuery(
    {
      header,
      schema,
      statement,
    }: { readonly header: Header; readonly schema: string; readonly statement: string },
    changes: ChangeEvent[],
  ): void {
    const control = CONTROL.find(([pattern]) => pattern.test(statement))?.[1]
    if (control === 'opens') this.#transactionOpen = true
    if (control === 'ends') this.#commit(header, changes)
    if (control) return
    changes.push({ type: 'statement', at: header.at, schema, statement })
    // DDL is a transaction of its own.
    if (!this.#transactionOpen) this.#commit(header, changes)
  }

  #commit({ at }: Header, changes: ChangeEvent[]): void {
    this.#transactionOpen = false
    // Each statement names its tables anew, with numbers that may never come again.
    this.#tables.clear()
    changes.push({ type: 'transaction', at, position: this.#place.commit() })
  }

  #takeTableMap(body: Buffer): void {
    const name = readTableName(body)
    const layout = this.#layoutOf(name.schema, name.table)
    const reader = layout ? this.#reader(name, body, layout) : null
    this.#tables.set(name.tableId, { name, reader })
  }

  #reader(name: TableName, tableMap: Buffer, layout: KeyLayout): RowReader {
    const known = this.#known.get(name.tableId)
    if (known && known.layout === layout && known.tableMap.equals(tableMap)) return known.reader
    if (this.#known.size >= KNOWN_READERS) this.#known.clear()
    const reader = new RowReader(name, tableMap, layout)
    this.#known.set(name.tableId, { tableMap: Buffer.from(tableMap), layout, reader })
    return reader
  }

  #takeRows(body: RowsBody, { at }: Header, changes: ChangeEvent[]): void {
    const table = this.#tables.get(body.tableId)
    if (!table) throw stop('rows are of a table that the binary log has not named')
    if (!table.reader) return
    const { keys, moves } = table.reader.read(body)
    const { schema, table: name } = table.name
    if (keys.length === 0) return
    const { change } = body
    changes.push({ type: 'keys', at, schema, table: name, change, keys, moves })
  }
}
