import { isKeyword, isSymbol, splitList, type Token } from '../tokens.ts'
import { collationEdits, modern } from './collation.ts'
import { type Edit, insertAfter, insertBefore, remove, replace } from './edit.ts'

/** Widths that the servers add by themselves, unsigned ones first. */
const WIDTHS: Readonly<Record<string, readonly [unsigned: string, signed: string]>> = {
  TINYINT: ['3', '4'],
  SMALLINT: ['5', '6'],
  MEDIUMINT: ['8', '9'],
  INT: ['10', '11'],
  BIGINT: ['20', '20'],
  YEAR: ['4', '4'],
}

const NUMBERS = /^(?:tinyint|smallint|mediumint|int|bigint|decimal|numeric|float|double|year)$/i
/** Types that MySQL writes no DEFAULT NULL for. */
const UNSET =
  /^(?:(?:tiny|medium|long)?(?:text|blob)|geometry|point|linestring|polygon|multi\w+|geom\w*collection|json)$/i

/** A column of a table with this collation. */
export function columnEdits(item: readonly Token[], collation: string | null): Edit[] {
  const json = jsonEdits(item, collation)
  const inItem = json.length === 0 ? item : item.slice(0, -CHECK_TOKENS)
  return [
    ...(json.length === 0 ? collationEdits(item) : json),
    ...widthEdits(item),
    ...inItem.flatMap((token, at) => (at < 2 ? [] : attributeEdits(inItem, token, at))),
  ]
}

function attributeEdits(item: readonly Token[], token: Token, at: number): Edit[] {
  if (isKeyword(token, 'DEFAULT')) return defaultEdits(item, at)
  if (isKeyword(token, 'UPDATE') && isKeyword(item[at - 1], 'ON')) return nowEdits(item, at + 1)
  const isExpression = isKeyword(token, 'AS', 'CHECK') && isSymbol(item[at + 1], '(')
  return isExpression ? parenthesesEdits(item, at + 1) : []
}

function widthEdits(item: readonly Token[]): Edit[] {
  const [, type, open, width, close, sign, zerofill] = item
  const widths = WIDTHS[type?.text.toUpperCase() ?? '']
  if (!widths || !isSymbol(open, '(') || !isSymbol(close, ')')) return []
  if (isKeyword(sign, 'ZEROFILL') || isKeyword(zerofill, 'ZEROFILL')) return []
  const usual = widths[isKeyword(sign, 'UNSIGNED') ? 0 : 1]
  return width?.text === usual ? [remove(item, 2, 4)] : []
}

/** `CHECK (json_valid(name))` */
const CHECK_TOKENS = 7

/** JSON is what MariaDB makes of it: a text of this collation that is checked. */
function jsonEdits(item: readonly Token[], tableCollation: string | null): Edit[] {
  const type = item[1]
  if (!type || !isKeyword(type, 'LONGTEXT') || !endsInJsonCheck(item)) return []
  const collates = item.findIndex((token, at) => at > 1 && isKeyword(token, 'COLLATE'))
  const named = collates === -1 ? tableCollation : modern(item[collates + 1]?.value ?? '')
  if (named !== 'utf8mb4_bin') return []
  const { end } = item[collates === -1 ? 1 : collates + 1] ?? type
  return [
    { start: type.start, end, text: 'json' },
    remove(item, item.length - CHECK_TOKENS, item.length - 1),
  ]
}

function endsInJsonCheck(item: readonly Token[]): boolean {
  const [check, open, valid, , name] = item.slice(-CHECK_TOKENS)
  return (
    isKeyword(check, 'CHECK') &&
    isSymbol(open, '(') &&
    isKeyword(valid, 'JSON_VALID') &&
    name?.value === item[0]?.value
  )
}

function defaultEdits(item: readonly Token[], at: number): Edit[] {
  const [type, value] = [item[1]?.text ?? '', item[at + 1]]
  if (!value) return []
  if (isKeyword(value, 'NULL')) return UNSET.test(type) ? [remove(item, at, at + 1)] : []
  if (isSymbol(value, '(')) return parenthesesEdits(item, at + 1)
  if (isNow(value)) return nowEdits(item, at + 1)
  if (isSymbol(item[at + 2], '(')) {
    const end = item[splitList(item, at + 2).end] ?? value
    return [insertBefore(value, '('), insertAfter(end, ')')]
  }
  return NUMBERS.test(type) ? numberEdits(item, at + 1) : []
}

function numberEdits(item: readonly Token[], at: number): Edit[] {
  const first = item[at]
  const isNegative = isSymbol(first, '-')
  const number = isNegative ? item[at + 1] : first
  if (!first || number?.kind !== 'number' || !/^[\d.]/.test(number.text)) return []
  const text = `'${isNegative ? '-' : ''}${number.text}'`
  return [{ start: first.start, end: number.end, text }]
}

function isNow(token: Token | undefined): boolean {
  return isKeyword(token, 'CURRENT_TIMESTAMP')
}

/** `current_timestamp(3)` and, without digits, `current_timestamp()`. */
function nowEdits(item: readonly Token[], at: number): Edit[] {
  const now = item[at]
  if (!now || !isNow(now)) return []
  const isBare = isSymbol(item[at + 1], '(') && isSymbol(item[at + 2], ')')
  return [
    ...(now.text === 'CURRENT_TIMESTAMP' ? [] : [replace(now, 'CURRENT_TIMESTAMP')]),
    ...(isBare ? [remove(item, at + 1, at + 2)] : []),
  ]
}

/** `((…))` where `(…)` is enough. */
export function parenthesesEdits(item: readonly Token[], open: number): Edit[] {
  const { end } = splitList(item, open)
  const [inner, last] = [item[open + 1], item[end - 1]]
  const isDouble = isSymbol(inner, '(') && splitList(item, open + 1).end === end - 1
  return inner && last && isDouble ? [replace(inner, ''), replace(last, '')] : []
}
