import { reservedBy } from './reserved-words.ts'

/**
 * The advice to run `query` first, with these names in it; undefined when one of them would have to be quoted, because
 * what is copied from a message has to be what runs.
 */
export function lookFirst(names: readonly string[], query: string): string | undefined {
  const isPlain = (name: string) => /^[A-Za-z_]\w*$/.test(name) && reservedBy(name) === null
  return names.every(isPlain) ? `Look first: \`${query}\`.` : undefined
}
