import { closestOf } from '../../src/closest-word.ts'
import { WORDS } from './grammar.ts'

/** The word that a typing mistake stands for, or null when it is too far from all of ours. */
export function closestWord(word: string): string | null {
  return closestOf(word, WORDS.keys())
}
