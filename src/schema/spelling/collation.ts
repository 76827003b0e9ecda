import { isKeyword, isSymbol, type Token } from '../tokens.ts'
import { type Edit, insertAfter, replace } from './edit.ts'

/** The name that servers give the character set or collation since they tell utf8mb3 from utf8mb4. */
export function modern(name: string): string {
  return name.replace(/^utf8(?=_|$)/, 'utf8mb3')
}

/** The collations that servers leave out are those that have always been the default of their character set. */
const DEFAULTS: Readonly<Record<string, string>> = {
  big5: 'big5_chinese_ci',
  binary: 'binary',
  cp932: 'cp932_japanese_ci',
  dec8: 'dec8_swedish_ci',
  eucjpms: 'eucjpms_japanese_ci',
  euckr: 'euckr_korean_ci',
  gb18030: 'gb18030_chinese_ci',
  gb2312: 'gb2312_chinese_ci',
  gbk: 'gbk_chinese_ci',
  hp8: 'hp8_english_ci',
  latin1: 'latin1_swedish_ci',
  latin5: 'latin5_turkish_ci',
  sjis: 'sjis_japanese_ci',
  swe7: 'swe7_swedish_ci',
  tis620: 'tis620_thai_ci',
  ujis: 'ujis_japanese_ci',
}

/** Also of utf8mb4: servers with another default for it always write the collation. */
function defaultCollation(charset: string): string {
  return DEFAULTS[charset] ?? `${charset}_general_ci`
}

/** CHARACTER SET and COLLATE of a column, as two words or in a table option's `NAME=value`. */
export function collationEdits(tokens: readonly Token[]): Edit[] {
  return tokens.flatMap((token, at) => {
    const isCharset = namesCharset(tokens, at)
    if (!isCharset && !namesCollation(tokens, at)) return []
    const name = modern(token.value)
    const renamed = name === token.value ? [] : [replace(token, name)]
    if (!isCharset || isKeyword(tokens[at + 1], 'COLLATE')) return renamed
    const separator = isSymbol(tokens[at - 1], '=') ? '=' : ' '
    return [...renamed, insertAfter(token, ` COLLATE${separator}${defaultCollation(name)}`)]
  })
}

/** The collation of a table with these options, or null where none is named. */
export function tableCollation(tail: readonly Token[]): string | null {
  const collation = tail.findIndex((_, at) => namesCollation(tail, at))
  if (collation !== -1) return modern(tail[collation]?.value ?? '')
  const charset = tail.findIndex((_, at) => namesCharset(tail, at))
  return charset === -1 ? null : defaultCollation(modern(tail[charset]?.value ?? ''))
}

function namesCharset(tokens: readonly Token[], at: number): boolean {
  const [before, previous] = [tokens[at - 2], tokens[at - 1]]
  if (isSymbol(previous, '=')) return isKeyword(before, 'CHARSET')
  return isKeyword(previous, 'SET') && isKeyword(before, 'CHARACTER')
}

function namesCollation(tokens: readonly Token[], at: number): boolean {
  const [before, previous, token] = [tokens[at - 2], tokens[at - 1], tokens[at]]
  if (isSymbol(token, '=')) return false
  return isKeyword(isSymbol(previous, '=') ? before : previous, 'COLLATE')
}
