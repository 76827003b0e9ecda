import { connect, createServer, type Socket } from 'node:net'
import type { Target } from '../../src/mysql/connect.ts'

/** COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID, as the first byte of a packet. */
const DUMP = new Set([0x12, 0x1e])

/** A way to a server on which the change stream, and nothing else, can be held up. */
export class HeldStream implements AsyncDisposable {
  readonly target: Target
  readonly #stack: AsyncDisposableStack
  /** The server's side of each dump, and ours. */
  readonly #streams: Map<Socket, Socket>
  #refuses = false

  private constructor(target: Target, stack: AsyncDisposableStack, streams: Map<Socket, Socket>) {
    this.target = target
    this.#stack = stack
    this.#streams = streams
  }

  static async open(target: Target): Promise<HeldStream> {
    const stack = new AsyncDisposableStack()
    const streams = new Map<Socket, Socket>()
    const way: { held: HeldStream | null } = { held: null }
    const server = createServer((client) => {
      if (way.held?.refusesConnections) {
        client.destroy()
        return
      }
      const upstream = connect(target.port, target.host)
      const end = () => {
        client.destroy()
        upstream.destroy()
        streams.delete(upstream)
      }
      for (const socket of [client, upstream]) {
        socket.on('error', end)
        socket.on('close', end)
        stack.defer(end)
      }
      client.on('data', (bytes) => {
        if (bytes.length > 4 && DUMP.has(bytes.readUInt8(4))) streams.set(upstream, client)
      })
      client.pipe(upstream)
      upstream.pipe(client)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stack.defer(() => void server.close())
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new TypeError('no port')
    way.held = new HeldStream({ ...target, host: '127.0.0.1', port: address.port }, stack, streams)
    return way.held
  }

  /** From now on nothing of the stream arrives, for so long. */
  hold(forMs: number): void {
    for (const [stream, client] of this.#streams) {
      stream.unpipe(client)
      setTimeout(() => {
        if (this.#streams.has(stream)) stream.pipe(client)
      }, forMs)
    }
  }

  /** Ends the stream once it has brought so many bytes more, wherever in an event that is. */
  cut(afterBytes: number): void {
    for (const [stream, client] of this.#streams) {
      let left = afterBytes
      this.#streams.delete(stream)
      stream.unpipe(client)
      stream.on('data', (bytes: Buffer) => {
        client.write(bytes.subarray(0, Math.max(0, left)))
        left -= bytes.length
        if (left <= 0) client.end(() => stream.destroy())
      })
      stream.resume()
    }
  }

  /** Changes one bit of what the stream brings next. */
  damage(): void {
    for (const [stream, client] of this.#streams) {
      stream.unpipe(client)
      stream.once('data', (bytes: Buffer) => {
        const damaged = Buffer.from(bytes)
        // The last byte of an event before its checksum.
        const at = damaged.length - 5
        damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
        client.write(damaged)
        stream.pipe(client)
      })
      stream.resume()
    }
  }

  get refusesConnections(): boolean {
    return this.#refuses
  }

  /** Takes no new connection while `work` runs; those that are there go on. */
  async refuseDuring(work: () => Promise<void>): Promise<void> {
    this.#refuses = true
    try {
      await work()
    } finally {
      this.#refuses = false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
