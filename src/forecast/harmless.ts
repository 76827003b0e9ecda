import type { Table } from '../schema/table.ts'
import { type Token, tokenize } from '../schema/tokens.ts'

/**
 * Whether an expression of a pull request may be computed on a production server: it looks at columns of its own table
 * alone, and does nothing but compute. No subquery, variable, name of another table, or function that is not listed.
 */
export function isHarmless(expression: string, { columns }: Table): boolean {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()))
  const tokens = tokenize(expression)
  return (
    isWhole(tokens) && tokens.every((token, at) => isHarmlessToken(token, tokens[at + 1], names))
  )
}

/** One expression: every parenthesis has its other one, and no comma stands outside of them. */
function isWhole(tokens: readonly Token[]): boolean {
  let depth = 0
  for (const { kind, text } of tokens) {
    if (kind !== 'symbol') continue
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
    if (depth < 0 || (text === ',' && depth === 0)) return false
  }
  return depth === 0
}

function isHarmlessToken(
  token: Token,
  next: Token | undefined,
  names: ReadonlySet<string>,
): boolean {
  const isCall = next?.kind === 'symbol' && next.text === '('
  switch (token.kind) {
    case 'number':
    case 'string':
      return true
    case 'quoted':
      return !isCall && names.has(token.value.toLowerCase())
    case 'word':
      return isWord(token.text.toLowerCase(), isCall, names)
    case 'symbol':
      return SYMBOLS.test(token.text)
    default:
      return false
  }
}

function isWord(word: string, isCall: boolean, names: ReadonlySet<string>): boolean {
  if (WORDS.has(word)) return true
  if (isCall) return FUNCTIONS.has(word)
  return names.has(word) || /^_(?:utf8mb4|utf8mb3|utf8|latin1|ascii|binary)$/.test(word)
}

/** Not the point, which leads to other tables, nor what begins a variable or ends a statement. */
const SYMBOLS = /^[-+*/%=<>!&|^~(),]+$/

const WORDS: ReadonlySet<string> = new Set([
  'and',
  'or',
  'xor',
  'not',
  'is',
  'null',
  'true',
  'false',
  'in',
  'between',
  'like',
  'div',
  'mod',
  'case',
  'when',
  'then',
  'else',
  'end',
])

const FUNCTIONS: ReadonlySet<string> = new Set([
  'abs',
  'ceiling',
  'char_length',
  'character_length',
  'coalesce',
  'concat',
  'date',
  'day',
  'floor',
  'greatest',
  'hour',
  'if',
  'ifnull',
  'json_valid',
  'lcase',
  'least',
  'left',
  'length',
  'lower',
  'minute',
  'month',
  'nullif',
  'octet_length',
  'right',
  'round',
  'sign',
  'trim',
  'ucase',
  'upper',
  'year',
])
