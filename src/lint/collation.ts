import type { Column, Table } from '../schema/table.ts'
import { isKeyword, type Token, tokenize } from '../schema/tokens.ts'
import { typeOf } from './column-type.ts'

/** How a text is stored and compared. */
export type Collation = { readonly charset: string; readonly name: string }

/** The default of the table's new columns; null when the definition names none. */
export function tableCollation({ options }: Table): Collation | null {
  const option = (wanted: string) => options.find(({ name }) => name === wanted)?.value ?? null
  return collation(option('DEFAULT CHARSET'), option('COLLATE'))
}

const TEXT_TYPES = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set']

/** A column's own or its table's collation; null for columns that hold no text. */
export function columnCollation(column: Column, table: Table): Collation | null {
  if (!TEXT_TYPES.includes(typeOf(column).name)) return null
  if (column.inheritsCollation) return tableCollation(table)
  const tokens = tokenize(column.definition)
  const at = tokens.findIndex(
    (token, index) => isKeyword(token, 'CHARACTER') && isKeyword(tokens[index + 1], 'SET'),
  )
  const charset = at === -1 ? null : (tokens[at + 2]?.value ?? null)
  const inherited = tableCollation(table)
  return collation(charset ?? null, after(tokens, 'COLLATE')) ?? inherited
}

function after(tokens: readonly Token[], keyword: string): string | null {
  const at = tokens.findIndex((token) => isKeyword(token, keyword))
  return at === -1 ? null : (tokens[at + 1]?.value ?? null)
}

/** The servers leave out a collation that is the default of its character set, and MySQL 8 `utf8mb4`'s never. */
const DEFAULTS: Readonly<Record<string, string>> = {
  binary: 'binary',
  latin1: 'latin1_swedish_ci',
  swe7: 'swe7_swedish_ci',
  dec8: 'dec8_swedish_ci',
  hp8: 'hp8_english_ci',
  big5: 'big5_chinese_ci',
  gbk: 'gbk_chinese_ci',
  gb2312: 'gb2312_chinese_ci',
  gb18030: 'gb18030_chinese_ci',
  cp932: 'cp932_japanese_ci',
  sjis: 'sjis_japanese_ci',
  ujis: 'ujis_japanese_ci',
  eucjpms: 'eucjpms_japanese_ci',
  euckr: 'euckr_korean_ci',
  tis620: 'tis620_thai_ci',
}

function collation(charset: string | null, name: string | null): Collation | null {
  const own = charset?.toLowerCase() ?? name?.toLowerCase().split('_')[0]
  if (own === undefined) return null
  const set = own === 'utf8' ? 'utf8mb3' : own
  const full = name?.toLowerCase() ?? DEFAULTS[set] ?? `${set}_general_ci`
  return { charset: set, name: full.replace(/^utf8_/, 'utf8mb3_') }
}

/** At most so many bytes are one character. */
const CHARACTER_BYTES: Readonly<Record<string, number>> = {
  utf8mb4: 4,
  utf16: 4,
  utf16le: 4,
  utf32: 4,
  gb18030: 4,
  utf8mb3: 3,
  ujis: 3,
  eucjpms: 3,
  ucs2: 2,
  gbk: 2,
  big5: 2,
  sjis: 2,
  cp932: 2,
  euckr: 2,
  gb2312: 2,
}

/** The bytes of the longest character of a character set. */
export function characterBytes(charset: string): number {
  return CHARACTER_BYTES[charset] ?? 1
}
