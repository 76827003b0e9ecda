import type { Socket } from 'node:net'
import {
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type RawBuilder,
} from 'kysely'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'

/** Turns `sql` templates into text and values; it never connects. */
const compiler = new Kysely<never>({
  dialect: {
    createAdapter: () => new MysqlAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new MysqlIntrospector(db),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  },
})

/**
 * One connection to a target server. `connect.ts` opens it with the settings the engine's proofs rely on:
 * strict sql_mode, time_zone +00:00, READ COMMITTED, short lock waits.
 *
 * Statements of one session run one after the other, in the order they were given.
 */
export class Session implements AsyncDisposable {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The server's id of this connection, as in `KILL` and the process list. */
  get threadId(): number {
    return this.#connection.threadId ?? 0
  }

  /** The rows that `statement` selects. BIGINT, DECIMAL and temporal values come as text. */
  async rows<Row>(statement: RawBuilder<Row>): Promise<Row[]> {
    const { sql, parameters } = statement.compile(compiler)
    const [rows] = await this.#connection.query<(Row & RowDataPacket)[]>(sql, [...parameters])
    return rows
  }

  /** The only row that `statement` selects, or null when there is none. */
  async row<Row>(statement: RawBuilder<Row>): Promise<Row | null> {
    return (await this.rows(statement))[0] ?? null
  }

  /** How many rows `statement` changed. */
  async run(statement: RawBuilder<unknown>): Promise<number> {
    const { sql, parameters } = statement.compile(compiler)
    const [header] = await this.#connection.query<ResultSetHeader>(sql, [...parameters])
    return header.affectedRows
  }

  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.#connection.beginTransaction()
    try {
      const result = await work()
      await this.#connection.commit()
      return result
    } catch (error) {
      await this.#connection.rollback().catch(() => this.#connection.destroy())
      throw error
    }
  }

  /** Whether the connection is gone, as far as this process knows. */
  get isGone(): boolean {
    return this.#socket?.destroyed ?? true
  }

  /** Drops the connection, and fails every statement that waits for an answer, which may never come. */
  cut(): void {
    this.#socket?.destroy(
      Object.assign(new Error('No answer came from the server.'), { code: 'ETIMEDOUT' }),
    )
  }

  get #socket(): Socket | undefined {
    // Sound: mysql2 keeps its socket, plain or TLS, in `stream` of what it wraps; its typings leave that out.
    const { connection } = this.#connection as unknown as {
      readonly connection?: { readonly stream?: Socket }
    }
    return connection?.stream
  }

  /** Drops the connection without a word to the server: what it held is released by the server. */
  destroy(): void {
    this.#connection.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Ending a connection that is already gone is what was wanted.
    await this.#connection.end().catch(() => this.#connection.destroy())
    // The driver says goodbye and leaves the rest to the server, which may not hear it.
    this.#socket?.destroySoon()
  }
}
