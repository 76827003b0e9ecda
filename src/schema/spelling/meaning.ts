import { isKeyword, isSymbol, tokenize } from '../tokens.ts'
import { edited, remove } from './edit.ts'

/** Words that may be in a key or foreign key and change nothing of it; where none of them is, nothing has to be read. */
const MEANINGLESS = /USING BTREE|KEY_BLOCK_SIZE|NO ACTION/i

/**
 * The definition of a key or foreign key without words that a server prints when somebody wrote them, and that mean what
 * is so without them: BTREE is the only kind that InnoDB has, a block size is one of tables, and NO ACTION is what
 * happens anyway. They are kept where a definition is made, and not compared.
 */
export function meaningOf(definition: string): string {
  if (!MEANINGLESS.test(definition)) return definition
  const tokens = tokenize(definition)
  const edits = tokens.flatMap((token, at) => {
    const next = tokens[at + 1]
    if (isKeyword(token, 'USING') && isKeyword(next, 'BTREE')) return [remove(tokens, at, at + 1)]
    if (isKeyword(token, 'KEY_BLOCK_SIZE') && isSymbol(next, '='))
      return [remove(tokens, at, at + 2)]
    const isRule = isKeyword(token, 'ON') && isKeyword(next, 'DELETE', 'UPDATE')
    return isRule && isKeyword(tokens[at + 2], 'NO') ? [remove(tokens, at, at + 3)] : []
  })
  return edited(definition, edits)
}
