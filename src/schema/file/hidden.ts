import type { Refusal } from '../../errors.ts'
import { refusalAt } from '../place.ts'

/**
 * Control characters but tab and line breaks, marks that change the direction of text, characters without
 * width, tags, and halves of characters: what a reviewer sees would not be what the server reads.
 */
const HIDDEN =
  /(?![\t\n\r])[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u

/** Those of them that make a line look as if its parts stood in another order. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

type Source = { readonly text: string; readonly file: string }

/** Where the first of them is, or null. */
export function findHidden(text: string): number | null {
  return HIDDEN.exec(text)?.index ?? null
}

/**
 * Refuses characters that make a text look like another one.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED at the first of them.
 */
export function refuseHiddenCharacters(source: Source): void {
  const found = findHidden(source.text)
  if (found !== null) throw hiddenAt(source, found)
}

/**
 * Refuses them, but where `mayHold` says that the text is a value: rows have bytes and joined characters in them. What changes
 * the direction of a line is refused there too.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED at the first of them.
 */
export function refuseHiddenOutside(source: Source, mayHold: (offset: number) => boolean): void {
  for (const { 0: found, index } of source.text.matchAll(new RegExp(HIDDEN, 'gu'))) {
    if (DIRECTION.test(found) || !mayHold(index)) throw hiddenAt(source, index)
  }
}

/** The refusal of the character at `offset`. */
export function hiddenAt(source: Source, offset: number): Refusal {
  const what = 'a character that cannot be seen is not allowed'
  return refusalAt('SQL_NOT_ALLOWED', what, { ...source, offset }, 'Remove it.')
}
