import { type ErrorCode, Refusal } from '../errors.ts'

/** A place in a file; line and column count from 1, the column in UTF-16 units. */
export type Place = { readonly file: string; readonly line: number; readonly column: number }

/** A place as editors and compilers write it: `schema/users.sql:3:14`. */
export function placeName({ file, line, column }: Place): string {
  return `${printable(file)}:${line}:${column}`
}

/** The place of `offset` in `text`. */
export function placeAt(text: string, offset: number, file: string): Place {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1
  }
  return { file, line, column: offset - lineStart + 1 }
}

const SHOWN_LINE = 120

/** A refusal of what stands at `offset` of `text`: names the place and shows the line, as far as it is printable. */
export function refusalAt(
  code: ErrorCode,
  what: string,
  source: { readonly text: string; readonly offset: number; readonly file: string },
  next: string,
): Refusal {
  const place = placeAt(source.text, source.offset, source.file)
  const lineStart = source.offset - (place.column - 1)
  const line = source.text
    .slice(lineStart, lineStart + SHOWN_LINE)
    .split(/[\r\n]/, 1)
    .join('')
  return new Refusal(code, `${placeName(place)}: ${what}: ${printable(line).trim()}`, { next })
}

/** `value` with everything that is invisible or changes the direction of text written as its code point. */
export function printable(value: string): string {
  return value.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `<U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
  )
}
