import { refusalAt } from './place.ts'

export type TokenKind =
  /** A keyword or an unquoted name. */
  | 'word'
  /** A name in backticks. */
  | 'quoted'
  /** Text in single or double quotes. */
  | 'string'
  /** A number, also `0x1f`, `x'1f'` and `b'01'`. */
  | 'number'
  /** One character that is none of the above. */
  | 'symbol'
  | 'comment'
  /** `/*! … *\/` and MariaDB's `/*M! … *\/`: a comment whose body some servers run. */
  | 'executable_comment'
  /** `@name`, `@'name'`, `@@name`. */
  | 'variable'

/** A piece of SQL text. Between two tokens of a text there is nothing but white space. */
export type Token = {
  readonly kind: TokenKind
  /** As it stands in the text. */
  readonly text: string
  /** What it means: a name or string without quotes and escapes, an executable comment's body; else the text. */
  readonly value: string
  /** Offsets in the text: `text.slice(start, end)` is the token. */
  readonly start: number
  readonly end: number
  /** Counted from 1; the column in UTF-16 units. */
  readonly line: number
  readonly column: number
}

/**
 * Splits SQL text into tokens, as MySQL and MariaDB do without ANSI_QUOTES and NO_BACKSLASH_ESCAPES.
 * Takes time linear in the length of the text.
 *
 * @throws {Refusal} SQL_SYNTAX with place and line when a string, name or comment never ends.
 */
export function tokenize(text: string, file = 'statement'): Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  let at = 0
  while (at < text.length) {
    if (isSpace(text.charCodeAt(at))) {
      if (text[at] === '\n') {
        line += 1
        lineStart = at + 1
      }
      at += 1
      continue
    }
    const { kind, end } = scan(text, at)
    if (end === UNENDED) throw neverEnds(kind, { text, offset: at, file })
    const slice = text.slice(at, end)
    const value = meaningOf(kind, slice)
    tokens.push({ kind, text: slice, value, start: at, end, line, column: at - lineStart + 1 })
    for (let next = slice.indexOf('\n'); next !== -1; next = slice.indexOf('\n', next + 1)) {
      line += 1
      lineStart = at + next + 1
    }
    at = end
  }
  return tokens
}

/** The tokens that the server acts on: all but comments. Executable comments are kept. */
export function withoutComments(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }) => kind !== 'comment')
}

/** Is `token` one of these keywords? A quoted name never is. Keywords are given in upper case. */
export function isKeyword(token: Token | undefined, ...keywords: readonly string[]): boolean {
  if (token?.kind !== 'word') return false
  const { text } = token
  // The length first: most words are none of them, and a copy in upper case of each would be most of what is thrown away.
  return keywords.some((word) => word.length === text.length && word === text.toUpperCase())
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol
}

/** The text from the first of `tokens` to the end of the last. */
export function sliceOf(text: string, tokens: readonly Token[]): string {
  return text.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0)
}

/** The parts between the commas of the parenthesis that opens at index `open`, and the index where it closes. */
export function splitList(
  tokens: readonly Token[],
  open: number,
): { readonly items: readonly (readonly Token[])[]; readonly end: number } {
  const end = endOfList(tokens, open)
  const items: Token[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(open + 1, end)) {
    depth += depthChange(token)
    if (depth === 0 && isSymbol(token, ',')) items.push([])
    else items.at(-1)?.push(token)
  }
  return { items, end }
}

function endOfList(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at += 1) {
    depth += depthChange(tokens[at])
    if (depth === 0) return at
  }
  return tokens.length
}

/** 1 for an opening parenthesis, -1 for a closing one. */
export function depthChange(token: Token | undefined): number {
  if (isSymbol(token, '(')) return 1
  return isSymbol(token, ')') ? -1 : 0
}

const UNENDED = -1

/** `end` is UNENDED when the text ends before the token does. */
type Scanned = { readonly kind: TokenKind; readonly end: number }

function scan(text: string, at: number): Scanned {
  const char = text[at] ?? ''
  switch (char) {
    case '`':
      return { kind: 'quoted', end: endOfName(text, at) }
    case "'":
    case '"':
      return { kind: 'string', end: endOfString(text, at) }
    case '@':
      return { kind: 'variable', end: endOfVariable(text, at) }
    case '#':
      return { kind: 'comment', end: endOfLine(text, at) }
    case '-':
      return scanDash(text, at)
    case '/':
      return scanSlash(text, at)
    default:
      return scanWord(text, at)
  }
}

/** `--` begins a comment only before white space, a control character or the end. */
function scanDash(text: string, at: number): Scanned {
  const follower = text.charCodeAt(at + 2)
  const isComment = text[at + 1] === '-' && (at + 2 >= text.length || follower <= 0x20)
  return isComment ? { kind: 'comment', end: endOfLine(text, at) } : { kind: 'symbol', end: at + 1 }
}

function scanSlash(text: string, at: number): Scanned {
  if (text[at + 1] !== '*') return { kind: 'symbol', end: at + 1 }
  if (text.startsWith('!', at + 2) || /[mM]!/y.test(text.slice(at + 2, at + 4))) {
    return { kind: 'executable_comment', end: endOfExecutable(text, at + 3) }
  }
  return { kind: 'comment', end: endOfComment(text, at) }
}

const NUMBER = /0x[0-9a-f]+|0b[01]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy
const LETTERED_LITERAL = /[xbn]'/iy
const WORD = /[\w$\u0080-\uffff]+/y

function scanWord(text: string, at: number): Scanned {
  LETTERED_LITERAL.lastIndex = at
  if (LETTERED_LITERAL.test(text)) {
    const kind = /[nN]/.test(text[at] ?? '') ? 'string' : 'number'
    return { kind, end: endOfString(text, at + 1) }
  }
  const number = scanNumber(text, at)
  if (number) return number
  WORD.lastIndex = at
  return WORD.test(text)
    ? { kind: 'word', end: WORD.lastIndex }
    : { kind: 'symbol', end: at + surrogateAware(text, at) }
}

/** A number, or null: `1st` is a name, and so is the `1` of `t.1`. */
function scanNumber(text: string, at: number): Scanned | null {
  NUMBER.lastIndex = at
  if (!NUMBER.test(text)) return null
  const end = NUMBER.lastIndex
  if (text[at] === '.' && isWordCharacter(text[at - 1])) return null
  const isPlain = !text.slice(at, end).includes('.')
  return isPlain && isWordCharacter(text[end]) ? null : { kind: 'number', end }
}

function surrogateAware(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}

function isWordCharacter(char: string | undefined): boolean {
  return char !== undefined && /[\w$`\u0080-\uffff]/.test(char)
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

function endOfComment(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2)
  return end === -1 ? UNENDED : end + 2
}

function endOfName(text: string, at: number): number {
  let end = text.indexOf('`', at + 1)
  while (end !== -1 && text[end + 1] === '`') end = text.indexOf('`', end + 2)
  return end === -1 ? UNENDED : end + 1
}

function endOfString(text: string, at: number): number {
  const quote = text[at]
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === '\\') end += 1
    else if (text[end] === quote) {
      if (text[end + 1] !== quote) return end + 1
      end += 1
    }
  }
  return UNENDED
}

function endOfVariable(text: string, at: number): number {
  const start = text[at + 1] === '@' ? at + 2 : at + 1
  const char = text[start]
  if (char === '`') return endOfName(text, start)
  if (char === "'" || char === '"') return endOfString(text, start)
  let end = start
  while (end < text.length && /[\w$.\u0080-\uffff]/.test(text[end] ?? '')) end += 1
  return end
}

/** The body is SQL: what looks like the end inside its strings, names and plain comments is not. */
function endOfExecutable(text: string, bodyStart: number): number {
  let at = bodyStart
  while (at < text.length) {
    if (text.startsWith('*/', at)) return at + 2
    at = endOfPart(text, at)
    if (at === UNENDED) return UNENDED
  }
  return UNENDED
}

function endOfPart(text: string, at: number): number {
  const char = text[at]
  if (char === '`') return endOfName(text, at)
  if (char === "'" || char === '"') return endOfString(text, at)
  if (char === '/' && text[at + 1] === '*') return endOfComment(text, at)
  return at + 1
}

function meaningOf(kind: TokenKind, slice: string): string {
  switch (kind) {
    case 'quoted':
      return slice.slice(1, -1).replaceAll('``', '`')
    case 'string':
      return stringValue(slice.slice(slice.search(/['"]/)))
    case 'executable_comment':
      return slice.replace(/^\/\*M?!\d{0,6}/i, '').slice(0, -2)
    default:
      return slice
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  // Kept with their backslash, because LIKE gives it a meaning.
  '%': '\\%',
  _: '\\_',
}

function stringValue(slice: string): string {
  const quote = slice[0] ?? "'"
  return slice.slice(1, -1).replace(/\\([\s\S])|''|""/g, (pair, escaped: string | undefined) => {
    if (escaped !== undefined) return ESCAPES[escaped] ?? escaped
    return pair[0] === quote ? quote : pair
  })
}

const UNENDED_NAMES: Readonly<Partial<Record<TokenKind, string>>> = {
  quoted: 'a name in backticks',
  string: 'a string',
  number: 'a string',
  variable: 'a quoted variable',
}

function neverEnds(
  kind: TokenKind,
  source: { readonly text: string; readonly offset: number; readonly file: string },
) {
  const what = UNENDED_NAMES[kind] ?? 'a comment'
  return refusalAt('SQL_SYNTAX', `${what} begins here and never ends`, source, 'Close it.')
}
