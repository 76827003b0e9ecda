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
  /** The same for each connection to come, after so many answers of the server, its greeting among them. */
  readonly freezeAfter: (answers: number) => void
  /** How many connections were frozen. */
  readonly frozen: () => number
  /** Ends all connections with a reset. */
  readonly reset: () => void
  /** Ends all connections as if the server had ended them. */
  readonly end: () => void
}

/** Puts a proxy before the server of `target`. */
export async function startProxy(target: Target): Promise<Proxy> {
  const pairs = new Map<Socket, Socket>()
  let most = Number.POSITIVE_INFINITY
  let frozen = 0
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    let answers = 0
    pairs.set(client, upstream)
    client.pipe(upstream)
    upstream.pipe(client)
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
    freezeAfter: (answers) => {
      most = answers
    },
    frozen: () => frozen,
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
