import { connect, createServer, type Socket } from 'node:net'
import type { Target } from '../../src/mysql/connect.ts'

/** What stands between us and a server, and can do to connections what networks do. */
export type Proxy = AsyncDisposable & {
  /** The server, as it is reached through the proxy. */
  readonly target: Target
  /** How many connections of clients are open. */
  readonly open: () => number
  /** From now on no connection that is open carries anything, in neither direction; nobody is told. */
  readonly freeze: () => void
  /** The same, but for those on which the server sends its binlog. */
  readonly freezeSessions: () => void
  /** The same for each connection to come, after so many answers of the server, its greeting among them. */
  readonly freezeAfter: (answers: number) => void
  /** How many connections were frozen. */
  readonly frozen: () => number
  /** Ends those on which the server sends its binlog, with a reset. */
  readonly resetStreams: () => void
  /** Ends all connections with a reset. */
  readonly reset: () => void
  /** Ends all connections as if the server had ended them. */
  readonly end: () => void
}

/** COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID, as the first byte of a packet. */
const DUMP = new Set([0x12, 0x1e])

/** Puts a proxy before the server of `target`. */
export async function startProxy(target: Target): Promise<Proxy> {
  const pairs = new Map<Socket, Socket>()
  const streams = new WeakSet<Socket>()
  let most = Number.POSITIVE_INFINITY
  let frozen = 0
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    let answers = 0
    pairs.set(client, upstream)
    client.pipe(upstream)
    upstream.pipe(client)
    client.on('data', (bytes: Buffer) => {
      if (bytes.length > 4 && DUMP.has(bytes.readUInt8(4))) streams.add(client)
    })
    upstream.on('data', () => {
      answers += 1
      if (answers >= most) stall(client, upstream)
    })
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.on('close', () => pairs.delete(client))
  })
  /** What comes from the client goes nowhere; that it has closed its end is still seen. */
  function stall(client: Socket, upstream: Socket): void {
    frozen += 1
    client.unpipe(upstream)
    upstream.unpipe(client)
    upstream.pause()
    client.resume()
  }
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  const all = (act: (client: Socket, upstream: Socket) => void) => () => {
    for (const [client, upstream] of pairs) act(client, upstream)
  }
  return {
    target: { ...target, host: '127.0.0.1', port: address.port },
    open: () => pairs.size,
    freeze: all(stall),
    freezeSessions: all((client, upstream) => {
      if (!streams.has(client)) stall(client, upstream)
    }),
    freezeAfter: (answers) => {
      most = answers
    },
    frozen: () => frozen,
    resetStreams: all((client) => {
      if (streams.has(client)) client.resetAndDestroy()
    }),
    reset: all((client) => client.resetAndDestroy()),
    end: all((client) => client.end()),
    async [Symbol.asyncDispose]() {
      for (const [client, upstream] of pairs) {
        client.destroy()
        upstream.destroy()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
