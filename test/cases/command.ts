import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** One line of `crossfade migrate --json`. */
export type Line = { readonly event: string } & Readonly<Record<string, unknown>>

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** `crossfade migrate` as a process; it is killed when the test leaves it behind. */
export class MigrateCommand implements Disposable {
  readonly #child
  readonly #lines: Line[] = []
  readonly #output
  readonly #ended: Promise<null>
  readonly stderr: Promise<string>
  readonly exited: Promise<number | null>

  constructor(url: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'migrate', '--url', url, '--json', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // Whoever has ended takes no orders: how it ended is in what it said.
    this.#child.stdin.on('error', () => null)
    this.stderr = text(this.#child.stderr)
    this.#output = createInterface({ input: this.#child.stdout })
    this.#output.on('line', (line) => this.#lines.push(JSON.parse(line)))
    this.#ended = once(this.#output, 'close').then(() => null)
    this.exited = once(this.#child, 'exit').then(([code]) => code as number | null)
  }

  say(order: string): void {
    this.#child.stdin.write(`${order}\n`)
  }

  /** The first line with one of these events, now or when it comes; null when the command ends without. */
  async seen(...events: readonly string[]): Promise<Line | null> {
    const find = () => this.#lines.find(({ event }) => events.includes(event)) ?? null
    for (;;) {
      const found = find()
      if (found) return found
      const next = await Promise.race([once(this.#output, 'line'), this.#ended])
      if (next === null) return find()
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
