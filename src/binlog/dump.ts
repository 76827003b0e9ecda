import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { Refusal } from '../errors.ts'
import { driverOptions, refusalOf, type Target } from '../mysql/connect.ts'
import { ERRNO, errnoOf } from '../mysql/errno.ts'
import { MysqlGtidSet } from '../mysql/gtid-set.ts'
import type { Position } from '../mysql/position.ts'
import { Inlet } from './inlet.ts'
import { PacketSplitter } from './packet.ts'

export type DumpOptions = {
  readonly target: Target
  readonly from: Position
  readonly heartbeatMs: number
  readonly serverId?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** How long the server waits for us to read on before it gives up. It cannot tell a slow reader from a lost one. */
const WRITE_TIMEOUT_SECONDS = 3600

/** The silence, beyond some heartbeats, after which a connection is taken for lost. */
const SILENCE_MS = 10_000

/** So long it may take to log in and to prepare the session. */
const OPEN_WITHIN_MS = 20_000

/**
 * A connection on which the server sends its binlog. The driver opens it, with TLS and login, and prepares the
 * session; from the dump command on the socket is ours, so that nothing is read before it is asked for.
 */
export class Dump implements AsyncDisposable {
  /** Whether the first events end with a checksum; later the binlog itself says so. */
  readonly checksum: boolean
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<Buffer, undefined>
  readonly #splitter = new PacketSplitter()
  readonly #silenceMs: number
  readonly #signal: AbortSignal | undefined
  readonly #abort = () => this.#socket.destroy()

  private constructor(
    { socket, chunks }: Source,
    { checksum, heartbeatMs, signal }: DumpOptions & { readonly checksum: boolean },
  ) {
    this.checksum = checksum
    this.#socket = socket
    this.#chunks = chunks
    this.#silenceMs = 3 * heartbeatMs + SILENCE_MS
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** @throws {Refusal} what `connect` throws, and POSITION_GONE for an offset that cannot be asked for. */
  static async open(options: DumpOptions): Promise<Dump> {
    const { target, signal } = options
    signal?.throwIfAborted()
    const command = dumpCommand(options)
    const inlet = target.tls === 'off' ? new Inlet(target) : null
    const socket = inlet?.socket ?? openSocket(target)
    // The driver waits for an answer without end, and lets nobody take back what he has asked.
    const abort = () => socket.destroy()
    const timer = setTimeout(() => socket.destroy(connectionLost()), OPEN_WITHIN_MS)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const connection = await login(target, socket)
      const checksum = await prepare(connection, options)
      signal?.throwIfAborted()
      const source = takeSource(connection, inlet)
      source.socket.write(command)
      return new Dump(source, { ...options, checksum })
    } catch (error) {
      socket.destroy()
      signal?.throwIfAborted()
      throw error
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * The next packets' payloads, which the next call may overwrite; reads from the socket only when it is called.
   *
   * @throws the socket's error, PROTOCOL_CONNECTION_LOST when it ended, or the signal's reason.
   */
  async read(): Promise<readonly Buffer[]> {
    for (;;) {
      this.#signal?.throwIfAborted()
      const payloads = this.#splitter.push(await this.#readChunk())
      if (payloads.length > 0) return payloads
    }
  }

  async #readChunk(): Promise<Buffer> {
    const timer = setTimeout(() => this.#socket.destroy(connectionLost()), this.#silenceMs)
    try {
      const { done, value } = await this.#chunks.next()
      if (!done) return value
    } catch (error) {
      this.#signal?.throwIfAborted()
      const premature = error instanceof Error && 'code' in error && error.code === PREMATURE
      throw premature ? connectionLost(error) : error
    } finally {
      clearTimeout(timer)
    }
    this.#signal?.throwIfAborted()
    throw connectionLost()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#socket.destroy()
  }
}

const PREMATURE = 'ERR_STREAM_PREMATURE_CLOSE'

/** The error that the driver itself gives when the server closes a connection. */
export function connectionLost(cause?: unknown): Error {
  return Object.assign(new Error('The server ended the binlog connection.', { cause }), {
    code: 'PROTOCOL_CONNECTION_LOST',
  })
}

/** Where the bytes come from once the driver has logged in. */
type Source = { readonly socket: Socket; readonly chunks: AsyncIterator<Buffer, undefined> }

/** With TLS the driver reads what is encrypted from a socket like any other: it passes through buffers all the same. */
function openSocket({ host, port }: Target): Socket {
  return connect({ host, port, noDelay: true, keepAlive: true })
}

async function login(target: Target, socket: Socket): Promise<Connection> {
  try {
    const connection = await createConnection({ ...driverOptions(target), stream: () => socket })
    // Whoever reads sees the socket's error; an error event that nobody listens to would end the process.
    connection.on('error', () => {})
    return connection
  } catch (error) {
    throw refusalOf(error) ?? error
  }
}

/**
 * Tells the server what it must know of a replica before it sends: that we understand checksums and all of MariaDB's
 * events (capability 4), how often to send a heartbeat (in ns), and on MariaDB the GTID position. Servers take
 * such settings from user variables, and each knows only some of these names. Returns whether checksums are on.
 */
async function prepare(
  connection: Connection,
  { from, heartbeatMs }: DumpOptions,
): Promise<boolean> {
  const [rows] = await connection.query<(RowDataPacket & { checksum: string })[]>(
    'SELECT @@global.binlog_checksum AS checksum',
  )
  const checksum = rows[0]?.checksum ?? 'NONE'
  const heartbeat = Math.round(heartbeatMs) * 1_000_000
  await connection.query(
    `SET @source_binlog_checksum = ?, @master_binlog_checksum = ?, @source_heartbeat_period = ${heartbeat},
      @master_heartbeat_period = ${heartbeat}, @mariadb_slave_capability = 4,
      SESSION net_write_timeout = ${WRITE_TIMEOUT_SECONDS}`,
    [checksum, checksum],
  )
  if (from.kind === 'gtid' && from.flavour === 'mariadb') {
    await connection.query(
      'SET @slave_connect_state = ?, @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0',
      [from.set],
    )
  }
  return checksum !== 'NONE'
}

/** Takes the socket from the driver: from here on the driver neither reads nor writes. */
function takeSource(connection: Connection, inlet: Inlet | null): Source {
  if (inlet) {
    inlet.takeOver()
    return { socket: inlet.socket, chunks: inlet }
  }
  // Sound: mysql2 keeps its socket, plain or TLS, in `stream`; its typings leave that out.
  const { stream } = connection as unknown as { readonly stream?: Socket }
  const { connection: core } = connection as unknown as {
    readonly connection?: { readonly stream?: Socket }
  }
  const socket = stream ?? core?.stream
  if (!socket) throw new TypeError('the driver has no socket')
  socket.removeAllListeners('data')
  socket.pause()
  return { socket, chunks: socket[Symbol.asyncIterator]() }
}

const COM_BINLOG_DUMP = 0x12
const COM_BINLOG_DUMP_GTID = 0x1e
const THROUGH_GTID = 0x04
const FIRST_OFFSET = 4
const GREATEST_OFFSET = 0xffff_ffffn
const LOWEST_SERVER_ID = 0xf000_0000
const GREATEST_SERVER_ID = 0xffff_ffff

/** The dump command as a packet. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump.html */
function dumpCommand({ from, serverId = randomServerId() }: DumpOptions): Buffer {
  if (from.kind === 'gtid' && from.flavour === 'mysql') {
    const set = encodeGtidSet(MysqlGtidSet.parse(from.set))
    const parts = [uint16(THROUGH_GTID), uint32(serverId), uint32(0), uint64(BigInt(FIRST_OFFSET))]
    return packet(COM_BINLOG_DUMP_GTID, [...parts, uint32(set.length), set])
  }
  const { file, offset } = from.kind === 'file' ? from : { file: '', offset: BigInt(FIRST_OFFSET) }
  if (offset > GREATEST_OFFSET) {
    throw new Refusal(
      'POSITION_GONE',
      `The position ${offset} in ${file} lies beyond 4 GiB, where no stream can start.`,
      { next: 'Run `FLUSH BINARY LOGS` on the server and start the deployment again.' },
    )
  }
  return packet(COM_BINLOG_DUMP, [
    uint32(Number(offset)),
    uint16(0),
    uint32(serverId),
    Buffer.from(file),
  ])
}

function randomServerId(): number {
  return randomInt(LOWEST_SERVER_ID, GREATEST_SERVER_ID)
}

function packet(command: number, parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.of(command), ...parts])
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  return Buffer.concat([header, payload])
}

/**
 * A set as MySQL's protocol writes it: per source its UUID and intervals, whose ends are not in them. Since 8.3 a
 * set with a tag has another head, and per source also the tag (`Gtid_set::encode`).
 */
function encodeGtidSet(set: MysqlGtidSet): Buffer {
  const sources = set.sources()
  const tagged = sources.some(({ tag }) => tag !== '')
  const count = BigInt(sources.length)
  return Buffer.concat([
    uint64(tagged ? (1n << 56n) | (count << 8n) | 1n : count),
    ...sources.flatMap(({ uuid, tag, intervals }) => [
      Buffer.from(uuid.replaceAll('-', ''), 'hex'),
      ...(tagged ? [Buffer.of(tag.length << 1), Buffer.from(tag)] : []),
      uint64(BigInt(intervals.length)),
      ...intervals.flatMap(({ first, last }) => [uint64(first), uint64(last + 1n)]),
    ]),
  ])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** What the server's error on the binlog connection means, or null when it is not one of the known ones. */
export function dumpRefusalOf(error: unknown): Refusal | null {
  const errno = errnoOf(error)
  if (errno === ERRNO.LOG_PURGED) {
    return new Refusal(
      'POSITION_GONE',
      'The server cannot send its binary log from the position.',
      {
        next: 'Cancel the deployment and start it again; keep binary logs longer than a deployment takes.',
        cause: error,
      },
    )
  }
  if (errno === ERRNO.SPECIFIC_ACCESS_DENIED || errno === ERRNO.ACCESS_DENIED) {
    return new Refusal('PRIVILEGE_MISSING', 'The account may not read the binary log.', {
      next: 'Grant it: `GRANT REPLICATION SLAVE ON *.* TO …`.',
      cause: error,
    })
  }
  return null
}
