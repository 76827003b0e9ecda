import { refusalAt } from './place.ts'

/**
 * Control characters but tab and line breaks, marks that change the direction of text, characters without
 * width, tags, and halves of characters: what a reviewer sees would not be what the server reads.
 */
const HIDDEN =
  /(?![\t\n\r])[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u

/**
 * Refuses characters that make a text look like another one.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED at the first of them.
 */
export function refuseHiddenCharacters(source: {
  readonly text: string
  readonly file: string
}): void {
  const found = HIDDEN.exec(source.text)
  if (found) {
    const at = { ...source, offset: found.index }
    const what = 'a character that cannot be seen is not allowed'
    throw refusalAt('SQL_NOT_ALLOWED', what, at, 'Remove it.')
  }
}
