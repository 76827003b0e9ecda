/** Where the demo speaks: numbered steps, and one line that changes. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream
  #steps = 0
  #changing = false
  #changedAt = Number.NEGATIVE_INFINITY

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** What happens next, in one sentence. */
  step(sentence: string): void {
    this.#steps += 1
    this.#endLine()
    this.#stream.write(`\n${this.#bold(`${this.#steps}.`)} ${sentence}\n`)
  }

  /** More about the present step. */
  say(text: string): void {
    this.#endLine()
    this.#stream.write(`${indent(text, '   ')}\n`)
  }

  /** Something quoted, such as a comment. */
  quote(text: string): void {
    this.#endLine()
    this.#stream.write(`${indent(text, '   │ ')}\n`)
  }

  /** The line that changes; where nothing can change, a new one every second. */
  progress(text: string): void {
    if (this.#stream.isTTY) {
      const width = Math.max(20, this.#stream.columns - 1)
      this.#stream.write(`\r\u001b[2K${`   ${text}`.slice(0, width)}`)
      this.#changing = true
      return
    }
    const now = performance.now()
    if (now - this.#changedAt < 1_000) return
    this.#changedAt = now
    this.say(text)
  }

  /** A line as it is. */
  line(text: string): void {
    this.#endLine()
    this.#stream.write(`${text}\n`)
  }

  #endLine(): void {
    if (this.#changing) this.#stream.write('\n')
    this.#changing = false
  }

  #bold(text: string): string {
    return this.#stream.isTTY ? `\u001b[1m${text}\u001b[0m` : text
  }
}

function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => `${by}${line}`.trimEnd())
    .join('\n')
}
