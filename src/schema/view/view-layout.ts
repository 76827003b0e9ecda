import { depthChange, isKeyword, isSymbol, type Token } from '../tokens.ts'

/** Words that stand between SELECT and the first column. */
const MODIFIERS = [
  'ALL',
  'DISTINCT',
  'DISTINCTROW',
  'HIGH_PRIORITY',
  'STRAIGHT_JOIN',
  'SQL_SMALL_RESULT',
  'SQL_BIG_RESULT',
  'SQL_BUFFER_RESULT',
  'SQL_NO_CACHE',
  'SQL_CALC_FOUND_ROWS',
]

/** What begins a line of its own and ends the list of columns. */
const BREAKS = [
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'ORDER',
  'LIMIT',
  'UNION',
  'EXCEPT',
  'INTERSECT',
]

/**
 * A query as servers write it, in one line, with line breaks: each column of the outermost SELECT on its own, so that a
 * text diff shows which one changes. White space means nothing there, so the same query always gives the same text.
 * `left` are the indexes of tokens that are left out.
 */
export function layOutQuery(
  text: string,
  tokens: readonly Token[],
  left: ReadonlySet<number>,
): string {
  const line = new Line()
  let gapFrom = tokens[0]?.start ?? 0
  for (const [at, token] of tokens.entries()) {
    const space = token.start > gapFrom ? ' ' : ''
    // The space before what is left out is that before what follows it.
    if (left.has(at)) {
      if (!left.has(at - 1)) line.hold(space)
    } else {
      line.add(token, space, text.slice(token.start, token.end))
    }
    gapFrom = token.end
  }
  return line.text
}

class Line {
  text = ''
  #depth = 0
  #columns: 'none' | 'first' | 'list' = 'none'
  #afterComma = false
  #held: string | null = null

  hold(space: string): void {
    this.#held = space
  }

  add(token: Token, space: string, text: string): void {
    this.text += this.#gapBefore(token, this.#held ?? space) + text
    this.#held = null
    this.#depth += depthChange(token)
    this.#afterComma = this.#depth === 0 && this.#columns === 'list' && isSymbol(token, ',')
  }

  #gapBefore(token: Token, space: string): string {
    if (this.#afterComma) return '\n  '
    if (this.#columns === 'first' && !isKeyword(token, ...MODIFIERS)) {
      this.#columns = 'list'
      return '\n  '
    }
    if (this.#depth > 0) return space
    const begins = isKeyword(token, 'SELECT')
    if (!begins && !isKeyword(token, ...BREAKS)) return space
    this.#columns = begins ? 'first' : 'none'
    return this.text === '' ? '' : '\n'
  }
}
