import { isKeyword, isSymbol, tokenize, withoutComments } from '../../schema/tokens.ts'

/**
 * Whether an ALTER TABLE says which AUTO_INCREMENT number is to be the next, as `AUTO_INCREMENT = n` among the options of the
 * table. As an attribute of a column the word has neither `=` nor a number after it.
 */
export function setsNextNumber(alter: string): boolean {
  const tokens = withoutComments(tokenize(alter))
  return tokens.some((token, at) => {
    const next = tokens[at + 1]
    return isKeyword(token, 'AUTO_INCREMENT') && (isSymbol(next, '=') || next?.kind === 'number')
  })
}
