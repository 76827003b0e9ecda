import { isKeyword, isSymbol, type Token } from '../tokens.ts'

/** What is not allowed (completes “… is not allowed”), where, and what to do instead. */
export type Problem = {
  readonly token: Token | undefined
  readonly what: string
  readonly next: string
}

/** For a name that says which schema it is in. */
export const QUALIFIED = [
  'a name with a dot',
  'Name tables and columns alone; the deployment decides the schema.',
] as const

/** What makes a token unfit for a definition, wherever in it it stands; null when nothing does. */
export function problemWith(
  token: Token,
  tokens: readonly Token[],
  at: number,
): readonly [what: string, next: string] | null {
  switch (token.kind) {
    case 'variable':
      return ['a variable', 'Use a constant.']
    case 'symbol':
      return token.text === '.' ? QUALIFIED : null
    case 'word':
    case 'quoted':
      return problemWithWord(token, tokens, at)
    default:
      return null
  }
}

function problemWithWord(
  token: Token,
  tokens: readonly Token[],
  at: number,
): readonly [what: string, next: string] | null {
  const next = tokens[at + 1]
  if (isKeyword(token, 'TABLE') && isKeyword(tokens[at - 1], 'CREATE')) {
    return ['a second CREATE TABLE in one statement', 'End the statement before it with `);`.']
  }
  if (isKeyword(token, 'SELECT', 'TABLE')) return ['a query', 'A table is defined by its columns.']
  if (isKeyword(token, 'DATA', 'INDEX') && isKeyword(next, 'DIRECTORY')) {
    return ['a path on the server', `Remove ${token.text} DIRECTORY.`]
  }
  if (isKeyword(token, 'NEXT', 'PREVIOUS') && isKeyword(next, 'VALUE')) {
    return ['a sequence', 'Use AUTO_INCREMENT.']
  }
  const calls = isSymbol(next, '(') && !namesKey(tokens[at - 1]) && !isIndexed(tokens, at)
  return calls && isForbiddenFunction(token.value)
    ? [`a call of ${token.value.toUpperCase()}`, 'Remove the call.']
    : null
}

/** In `KEY sleep (…)` and `REFERENCES sleep (…)` the word is a name and no call. */
function namesKey(previous: Token | undefined): boolean {
  return isKeyword(previous, 'KEY', 'INDEX', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'REFERENCES')
}

/** `CREATE OR REPLACE UNIQUE INDEX` */
const INDEX_WITHIN = 5

/** In `CREATE INDEX k ON sleep (…)` too, and there are no calls before that name. */
function isIndexed(tokens: readonly Token[], at: number): boolean {
  const head = tokens.slice(0, INDEX_WITHIN)
  const isIndex = isKeyword(tokens[0], 'CREATE') && head.some((word) => isKeyword(word, 'INDEX'))
  if (!isIndex || !isKeyword(tokens[at - 1], 'ON')) return false
  return tokens.slice(0, at).every((token) => !isSymbol(token, '('))
}

/** Functions that wait, lock, read files or talk to other parts of the server. */
const FORBIDDEN = new Set([
  'SLEEP',
  'BENCHMARK',
  'GET_LOCK',
  'RELEASE_LOCK',
  'RELEASE_ALL_LOCKS',
  'IS_FREE_LOCK',
  'IS_USED_LOCK',
  'LOAD_FILE',
  'MASTER_POS_WAIT',
  'SOURCE_POS_WAIT',
  'MASTER_GTID_WAIT',
  'WAIT_FOR_EXECUTED_GTID_SET',
  'WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS',
  'NEXTVAL',
  'LASTVAL',
  'SETVAL',
  'EXTRACTVALUE',
  'UPDATEXML',
  'SYS_EXEC',
  'SYS_EVAL',
  'SYS_GET',
  'SYS_SET',
])

/** Whether a call of this function would wait, lock, read a file or reach another part of the server. */
export function isForbiddenFunction(name: string): boolean {
  const upper = name.toUpperCase()
  return FORBIDDEN.has(upper) || /^(?:GROUP_REPLICATION|KEYRING|SERVICE|ASYNCHRONOUS)_/.test(upper)
}
