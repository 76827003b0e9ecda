import { isDump, unwrapDump } from '../file/dump.ts'
import { refuseHiddenOutside } from '../file/hidden.ts'
import { refusalAt } from '../place.ts'
import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from '../tokens.ts'
import type { Range, Script } from './migration-file.ts'

/** One statement of a script, with its place in the file. */
export type Statement = {
  readonly tokens: readonly Token[]
  /** From its first token to its last, without semicolon. */
  readonly text: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Stands where another delimiter than the semicolon did. Files hold it in strings alone. */
const MARK = '\u0001'

/**
 * The statements of a script. DELIMITER is understood as clients do, and the bodies of triggers and routines are whole also
 * without it.
 *
 * @throws {Refusal} SQL_SYNTAX when a string, name or comment never ends, SQL_NOT_ALLOWED for a character that cannot be seen
 *   outside of a string or an executable comment outside of a dump.
 */
export function splitScript(script: Script): Statement[] {
  const text = script.text.replace(/^\ufeff/, ' ')
  const { marked, whole } = markDelimiters(
    isDump(text) ? unwrapDump(text, script.file) : text,
    script.whole,
  )
  const tokens = withoutComments(tokenize(marked, script.file))
  refuseHiddenOutside({ text, file: script.file }, inStringOf(tokens))
  refuseExecutable(tokens, text, script.file)
  return group(tokens, whole).map((own) => {
    const [start, end] = [own[0]?.start ?? 0, own.at(-1)?.end ?? 0]
    const [first] = own
    return {
      tokens: own,
      text: marked.slice(start, end),
      file: script.file,
      line: first?.line ?? 1,
      column: first?.column ?? 1,
    }
  })
}

/** Whether an offset lies in a string; asked for offsets in their order. */
function inStringOf(tokens: readonly Token[]): (offset: number) => boolean {
  let at = 0
  return (offset) => {
    while ((tokens[at]?.end ?? Number.POSITIVE_INFINITY) <= offset) at += 1
    const token = tokens[at]
    return token?.kind === 'string' && token.start < offset
  }
}

function refuseExecutable(tokens: readonly Token[], text: string, file: string): void {
  const token = tokens.find(({ kind }) => kind === 'executable_comment')
  if (!token) return
  const source = { text, offset: token.start, file }
  const next = 'Write its content as plain SQL; only dumps may have such comments.'
  throw refusalAt('SQL_NOT_ALLOWED', 'an executable comment is not allowed', source, next)
}

const DELIMITER = /^[^\S\n]*DELIMITER[^\S\n]+(\S+)[^\S\n]*$/gim

/** Replaces other delimiters by a mark of the same length; where they hold, a semicolon ends nothing. */
function markDelimiters(text: string, given: readonly Range[]) {
  const whole = [...given]
  let marked = ''
  let at = 0
  let delimiter = ';'
  const copy = (end: number) => {
    const part = text.slice(at, end)
    if (delimiter === ';') marked += part
    else {
      marked += part.replaceAll(delimiter, MARK.padEnd(delimiter.length))
      whole.push({ start: at, end })
    }
  }
  for (const { 0: line, 1: next = ';', index } of text.matchAll(DELIMITER)) {
    copy(index)
    marked += MARK.padEnd(line.length)
    at = index + line.length
    delimiter = next
  }
  copy(text.length)
  return { marked, whole }
}

/** Gives each statement its tokens. One in a `whole` range ends at a mark or with the range, and not at a semicolon. */
function group(tokens: readonly Token[], whole: readonly Range[]): Token[][] {
  const ranges = rangesOf(tokens, whole)
  const statements: Token[][] = []
  let own: Token[] = []
  let routine = new Routine()
  const finish = () => {
    while (isSymbol(own.at(-1), ';')) own.pop()
    if (own.length > 0) statements.push(own)
    own = []
    routine = new Routine()
  }
  for (const [at, token] of tokens.entries()) {
    if (ranges[at] !== ranges[at - 1]) finish()
    const isEnd = isSymbol(token, ';') && !ranges[at] && routine.isOver
    if (isEnd || isSymbol(token, MARK)) finish()
    else {
      routine.take(token)
      own.push(token)
    }
  }
  finish()
  return statements
}

/** For each token the range that it lies in, or null. */
function rangesOf(tokens: readonly Token[], whole: readonly Range[]): (Range | null)[] {
  const ranges = whole.toSorted((a, b) => a.start - b.start)
  let at = 0
  return tokens.map((token) => {
    while ((ranges[at]?.end ?? Number.POSITIVE_INFINITY) <= token.start) at += 1
    const range = ranges[at]
    return range && range.start <= token.start ? range : null
  })
}

const BODIES = ['TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT', 'PACKAGE']
const OPENERS = ['BEGIN', 'CASE', 'IF', 'LOOP', 'WHILE', 'REPEAT']
/** After these a new statement of the body begins, so IF and REPEAT are no functions there. */
const BEFORE_STATEMENT = ['BEGIN', 'THEN', 'ELSE', 'DO', 'LOOP', 'REPEAT', 'ROW']
/** How far from CREATE the word is that says what is created: DEFINER and the like come between. */
const HEAD = 12

/** Follows the blocks of a stored program, in which semicolons part its own statements. */
class Routine {
  #depth = 0
  #isCreate = false
  #isRoutine = false
  #count = 0
  #last: Token | undefined

  get isOver(): boolean {
    return !this.#isRoutine || this.#depth === 0
  }

  take(token: Token): void {
    if (this.#count === 0) this.#isCreate = isKeyword(token, 'CREATE')
    if (this.#isCreate && this.#count < HEAD && isKeyword(token, ...BODIES)) this.#isRoutine = true
    if (this.#isRoutine) this.#depth += this.#change(token)
    this.#last = token
    this.#count += 1
  }

  #change(token: Token): number {
    if (isKeyword(token, 'END')) return -1
    if (!isKeyword(token, ...OPENERS) || isKeyword(this.#last, 'END')) return 0
    if (!isKeyword(token, 'IF', 'REPEAT')) return 1
    const begins =
      isSymbol(this.#last, ';') ||
      isSymbol(this.#last, ':') ||
      isKeyword(this.#last, ...BEFORE_STATEMENT)
    return begins ? 1 : 0
  }
}
