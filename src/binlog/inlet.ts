import { connect, type Socket } from 'node:net'
import type { Target } from '../mysql/connect.ts'

/** So much is read at once at most. */
const BUFFER_BYTES = 256 * 1024

type Asked = PromiseWithResolvers<IteratorResult<Buffer, undefined>>

/**
 * A TCP connection that first the driver reads, to log in, and then whoever iterates over it. All that is read goes through
 * one buffer: a stream of Node's makes a new one for every read, and a binlog of some hundred megabytes then takes
 * half of its time, and as much memory as V8 lets pile up, for buffers that nobody needs any more.
 */
export class Inlet implements AsyncIterator<Buffer, undefined> {
  readonly socket: Socket
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  #isOurs = false
  #asked: Asked | null = null
  #failure: Error | null = null

  constructor({ host, port }: Pick<Target, 'host' | 'port'>) {
    this.socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      onread: { buffer: this.#buffer, callback: (length) => this.#take(length) },
    })
    this.socket.on('error', (error) => {
      this.#failure = error
    })
    this.socket.on('close', () => this.#end())
  }

  /** Takes the connection from the driver. From here on nothing is read before it is asked for. */
  takeOver(): void {
    this.#isOurs = true
    this.socket.removeAllListeners('data')
    this.socket.pause()
  }

  /**
   * What comes next; it is overwritten when more is asked for. Done when the connection was closed.
   *
   * @throws the socket's error.
   */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#failure) throw this.#failure
    if (this.socket.destroyed) return { done: true, value: undefined }
    this.#asked = Promise.withResolvers()
    this.socket.resume()
    return await this.#asked.promise
  }

  /** Returns whether more is to be read at once. */
  #take(length: number): boolean {
    const chunk = this.#buffer.subarray(0, length)
    if (!this.#isOurs) {
      // The driver keeps what it gets.
      this.socket.emit('data', Buffer.from(chunk))
      return true
    }
    const asked = this.#asked
    this.#asked = null
    // Bytes that went by would be missing without a trace.
    if (asked) asked.resolve({ done: false, value: chunk })
    else this.socket.destroy(new TypeError('the binlog was read and nobody had asked for it'))
    return false
  }

  #end(): void {
    if (this.#failure) this.#asked?.reject(this.#failure)
    else this.#asked?.resolve({ done: true, value: undefined })
    this.#asked = null
  }
}
