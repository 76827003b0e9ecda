import { depthChange, isKeyword, isSymbol, type Token } from '../tokens.ts'
import type { Problem } from './forbidden.ts'

/** What may follow the closing parenthesis before PARTITION BY. A closed list: a query could stand there too. */
const OPTIONS = new Set([
  'AUTO_INCREMENT',
  'AUTOEXTEND_SIZE',
  'AVG_ROW_LENGTH',
  'CHARSET',
  'CHARACTER SET',
  'CHECKSUM',
  'COLLATE',
  'COMMENT',
  'COMPRESSION',
  'DELAY_KEY_WRITE',
  'ENCRYPTED',
  'ENCRYPTION',
  'ENCRYPTION_KEY_ID',
  'ENGINE',
  'KEY_BLOCK_SIZE',
  'MAX_ROWS',
  'MIN_ROWS',
  'PACK_KEYS',
  'PAGE_CHECKSUM',
  'PAGE_COMPRESSED',
  'PAGE_COMPRESSION_LEVEL',
  'ROW_FORMAT',
  'STATS_AUTO_RECALC',
  'STATS_PERSISTENT',
  'STATS_SAMPLE_PAGES',
  'TRANSACTIONAL',
])

/** What is wrong with the options and partitions after a table's columns. */
export function findInOptions(tail: readonly Token[], engines: readonly string[]): Problem | null {
  const partitionAt = tail.findIndex(
    (token, index) => isKeyword(token, 'PARTITION') && isKeyword(tail[index + 1], 'BY'),
  )
  const end = partitionAt === -1 ? tail.length : partitionAt
  let at = 0
  while (at < end) {
    const after = endOfOption(tail, at)
    if (after === null) return unknownOption(tail[at])
    at = after
  }
  return findEngine(tail, engines) ?? findInPartition(tail.slice(end))
}

/** An engine that is not one of `engines`, which are in upper case. */
export function findEngine(tail: readonly Token[], engines: readonly string[]): Problem | null {
  const token = tail.find(
    (word, at) =>
      isKeyword(word, 'ENGINE') && !isName(tail[at - 1]) && !isEngine(tail, at, engines),
  )
  const next = 'Write ENGINE=InnoDB or leave it out.'
  return token ? { token, what: 'an engine other than InnoDB', next } : null
}

/** A column may be called engine: then the word stands at the beginning of a list or an item of it. */
function isName(previous: Token | undefined): boolean {
  return isSymbol(previous, '(')
}

function isEngine(tail: readonly Token[], at: number, engines: readonly string[]): boolean {
  const value = isSymbol(tail[at + 1], '=') ? tail[at + 2] : tail[at + 1]
  return engines.includes(value?.value.toUpperCase() ?? '')
}

/** The index after the option that begins at `at`, or null when it is not on the list. */
export function endOfOption(tokens: readonly Token[], at: number): number | null {
  if (isSymbol(tokens[at], ',')) return at + 1
  if (isKeyword(tokens[at], 'WITH')) {
    const versioned = isKeyword(tokens[at + 1], 'SYSTEM') && isKeyword(tokens[at + 2], 'VERSIONING')
    return versioned ? at + 3 : null
  }
  const name = isKeyword(tokens[at], 'DEFAULT') ? at + 1 : at
  const two = isKeyword(tokens[name], 'CHARACTER') && isKeyword(tokens[name + 1], 'SET')
  const words = two ? 'CHARACTER SET' : (tokens[name]?.value.toUpperCase() ?? '')
  if (!OPTIONS.has(words)) return null
  const equals = name + (two ? 2 : 1)
  return isSymbol(tokens[equals], '=') ? equals + 2 : equals + 1
}

function unknownOption(token: Token | undefined): Problem {
  return { token, what: 'something that is no table option', next: 'Remove it.' }
}

/** What no definition of partitions holds. `VALUES` belongs to a partition only after its name; elsewhere it is a query. */
export function findInPartition(tokens: readonly Token[]): Problem | null {
  let depth = 0
  for (const [at, token] of tokens.entries()) {
    depth += depthChange(token)
    const outside = depth === 0 && isKeyword(token, 'VALUES', 'AS', 'IGNORE', 'REPLACE', 'WITH')
    const query = isKeyword(token, 'VALUES') && isSymbol(tokens[at - 1], '(')
    // Nothing is listed there; in an ALTER, what follows a comma would be a change of its own.
    const another = depth === 0 && isSymbol(token, ',')
    if (outside || query || another || isKeyword(token, 'TABLESPACE')) return unknownOption(token)
  }
  return null
}
