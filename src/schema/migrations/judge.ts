import { isProductTable } from '../../mysql/identifier.ts'
import { type Problem, problemWith, QUALIFIED } from '../file/forbidden.ts'
import { findInBody, findInTable } from '../file/table-check.ts'
import { isKeyword, isSymbol, type Token } from '../tokens.ts'
import { findInAlter } from './alter.ts'
import { findInData, SYSTEM_SCHEMAS } from './data.ts'
import { judgeSet } from './set.ts'
import { refuse, runUnless, skip, skipUnless, type Verdict } from './verdict.ts'
import { findInView } from './view-statement.ts'

/** Engines that a migration may name: they keep what they hold to themselves. */
export const ENGINES: readonly string[] = ['INNODB', 'MYISAM', 'ARIA', 'MEMORY', 'HEAP']

type Judge = (tokens: readonly Token[]) => Verdict

/**
 * Whether a statement of a migration is run, passed over or refused. A closed list: it comes from a pull request, so it is a
 * stranger's. What runs has effects on the tables and views of the scratch schema and nowhere else.
 */
export function judge(tokens: readonly Token[]): Verdict {
  const [first] = tokens
  const word = first?.kind === 'word' ? first.text.toUpperCase() : ''
  const own = tokens.find((token) => isProductTable(token.value) && token.kind !== 'string')
  if (own) return refuse(own, 'a name that deployments use themselves', 'Choose another name.')
  const verdict = Object.hasOwn(JUDGES, word) ? JUDGES[word]?.(tokens) : undefined
  if (verdict) return verdict
  if (isSymbol(first, '(')) return skipUnless(findInData(tokens), 'rows')
  const [what, next] = SPECIAL[word] ?? UNKNOWN
  return refuse(first, what, next)
}

const UNKNOWN = [
  'a statement that does not change tables or their rows',
  'Keep CREATE, ALTER, DROP and RENAME of tables, indexes and views, and changes of rows, in migrations.',
] as const

const UNKNOWABLE = [
  'a statement whose effect cannot be known before it runs',
  'Write what it does as plain statements. A long history can be replaced by a dump of the schema.',
] as const

const SPECIAL: Readonly<Record<string, readonly [what: string, next: string]>> = {
  CALL: UNKNOWABLE,
  PREPARE: UNKNOWABLE,
  EXECUTE: UNKNOWABLE,
  DEALLOCATE: UNKNOWABLE,
  LOAD: ['reading a file', 'Write the rows as INSERT, or load them outside of the migrations.'],
}

const rows: Judge = (tokens) => skipUnless(findInData(tokens), 'rows')
const quietly: Judge = (tokens) => skipUnless(findInData(tokens), 'session')
const account: Judge = () => skip('account')

const JUDGES: Readonly<Record<string, Judge>> = {
  CREATE: judgeCreate,
  ALTER: judgeAlter,
  DROP: judgeDrop,
  RENAME: judgeRename,
  SET: judgeSet,
  USE: (tokens) => judgeSchema(tokens, 1),
  INSERT: rows,
  REPLACE: rows,
  UPDATE: rows,
  DELETE: rows,
  SELECT: rows,
  WITH: rows,
  VALUES: rows,
  TRUNCATE: rows,
  ANALYZE: rows,
  OPTIMIZE: rows,
  CHECK: rows,
  REPAIR: rows,
  SHOW: quietly,
  DESCRIBE: quietly,
  DESC: quietly,
  EXPLAIN: quietly,
  LOCK: quietly,
  UNLOCK: quietly,
  COMMIT: quietly,
  ROLLBACK: quietly,
  SAVEPOINT: quietly,
  RELEASE: quietly,
  FLUSH: quietly,
  START: ([first, second]) =>
    isKeyword(second, 'TRANSACTION') ? skip('session') : refuse(first, ...UNKNOWN),
  BEGIN: ([first, second]) =>
    second === undefined || isKeyword(second, 'WORK')
      ? skip('session')
      : refuse(first, ...UNKNOWABLE),
  GRANT: account,
  REVOKE: account,
}

/** The index of the first token after `words`, each of which may be missing. */
function pass(tokens: readonly Token[], from: number, ...words: readonly string[]): number {
  let at = from
  for (const word of words) if (isKeyword(tokens[at], word)) at += 1
  return at
}

const PROGRAMS = ['TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT', 'SEQUENCE', 'PACKAGE']

/** What `CREATE`, `ALTER` or `DROP` is about, and where that word stands: DEFINER and the like may come before it. */
function findObject(tokens: readonly Token[]): number {
  const end = Math.min(tokens.length, 14)
  for (let at = 1; at < end; at += 1) if (isKeyword(tokens[at], ...OBJECTS)) return at
  return 1
}

const OBJECTS = [
  ...['TABLE', 'TABLES', 'INDEX', 'VIEW', 'DATABASE', 'SCHEMA', 'USER', 'ROLE', 'SERVER'],
  ...['TABLESPACE', 'LOGFILE', 'RESOURCE', 'INSTANCE', 'LIBRARY', ...PROGRAMS],
]

function judgeCreate(tokens: readonly Token[]): Verdict {
  const at = findObject(tokens)
  const object = tokens[at]
  if (isKeyword(object, 'TABLE')) return judgeCreateTable(tokens, at)
  if (isKeyword(object, 'INDEX')) return judgeIndex(tokens, at)
  if (isKeyword(object, 'VIEW')) return runUnless(findInView(tokens))
  if (isKeyword(object, 'DATABASE', 'SCHEMA') && at === 1) {
    return judgeSchema(tokens, pass(tokens, 2, 'IF', 'NOT', 'EXISTS'))
  }
  return judgeOther(tokens, at)
}

/** Making or choosing the schema that all is about; that there is no second one is seen to by `history.ts`. */
function judgeSchema(tokens: readonly Token[], nameAt: number): Verdict {
  const name = tokens[nameAt]
  const isName = name?.kind === 'word' || name?.kind === 'quoted'
  if (!isName || SYSTEM_SCHEMAS.includes(name.value.toLowerCase())) {
    const next = 'Remove the statement; the deployment decides the schema.'
    return refuse(name ?? tokens[0], 'choosing a schema of the server', next)
  }
  return skipUnless(findInBody(tokens, nameAt), 'schema')
}

/** The schema that a statement makes or chooses; null when it does neither. */
export function schemaNamedBy(tokens: readonly Token[]): Token | null {
  if (isKeyword(tokens[0], 'USE')) return tokens[1] ?? null
  if (!isKeyword(tokens[0], 'CREATE') || !isKeyword(tokens[1], 'DATABASE', 'SCHEMA')) return null
  return tokens[pass(tokens, 2, 'IF', 'NOT', 'EXISTS')] ?? null
}

function judgeCreateTable(tokens: readonly Token[], at: number): Verdict {
  if (isKeyword(tokens[1], 'TEMPORARY') && at === 2) return skip('temporary')
  const before = pass(tokens, 1, 'OR', 'REPLACE')
  if (before !== at) return refuse(tokens[1], ...UNKNOWN)
  const nameAt = pass(tokens, at + 1, 'IF', 'NOT', 'EXISTS')
  const like = findLike(tokens, nameAt)
  if (like !== null) return runUnless(findInBody(tokens.slice(like), 0))
  return runUnless(findInTable(tokens, nameAt, ENGINES))
}

/** In `CREATE TABLE a LIKE b` and `CREATE TABLE a (LIKE b)`, and nothing after it, the index of LIKE. */
function findLike(tokens: readonly Token[], nameAt: number): number | null {
  const open = isSymbol(tokens[nameAt + 1], '(') ? 1 : 0
  const like = nameAt + 1 + open
  if (!isKeyword(tokens[like], 'LIKE')) return null
  return tokens.length === like + 2 + open ? like : null
}

const INDEX_WORDS = [
  'UNIQUE',
  'FULLTEXT',
  'SPATIAL',
  'VECTOR',
  'ONLINE',
  'OFFLINE',
  'OR',
  'REPLACE',
]

function judgeIndex(tokens: readonly Token[], at: number): Verdict {
  const odd = tokens.slice(1, at).find((token) => !isKeyword(token, ...INDEX_WORDS))
  return odd ? refuse(odd, ...UNKNOWN) : runUnless(findInBody(tokens, at))
}

function judgeAlter(tokens: readonly Token[]): Verdict {
  const at = findObject(tokens)
  const object = tokens[at]
  if (isKeyword(object, 'TABLE')) return runUnless(findInAlter(tokens, at, ENGINES))
  if (isKeyword(object, 'VIEW')) return runUnless(findInView(tokens))
  if (isKeyword(object, 'DATABASE', 'SCHEMA') && at === 1) return judgeAlterSchema(tokens)
  return judgeOther(tokens, at)
}

const COLLATION_WORDS = ['DEFAULT', 'CHARACTER', 'CHARSET', 'COLLATE']

/** Without a name it is about the scratch schema: tables that name no collation get another one from then on. */
function judgeAlterSchema(tokens: readonly Token[]): Verdict {
  const isCollation = isKeyword(tokens[2], ...COLLATION_WORDS)
  if (isCollation) return runUnless(findInBody(tokens, 1))
  const next =
    'Leave the name out: ALTER DATABASE CHARACTER SET …; the deployment decides the schema.'
  return refuse(tokens[2] ?? tokens[0], 'a schema that is named', next)
}

function judgeDrop(tokens: readonly Token[]): Verdict {
  const at = findObject(tokens)
  const object = tokens[at]
  if (isKeyword(tokens[1], 'TEMPORARY')) return skip('temporary')
  if (isKeyword(object, 'INDEX') && at <= 2) return runUnless(findInBody(tokens, at))
  const isList = isKeyword(object, 'TABLE', 'TABLES', 'VIEW') && at === 1
  return isList ? runUnless(findQualified(tokens)) : judgeOther(tokens, at)
}

function judgeRename(tokens: readonly Token[]): Verdict {
  if (isKeyword(tokens[1], 'TABLE', 'TABLES')) return runUnless(findQualified(tokens))
  if (isKeyword(tokens[1], 'USER')) return skip('account')
  return refuse(tokens[0], ...UNKNOWN)
}

/** A name with a dot, or anything else than names in a list of them. */
function findQualified(tokens: readonly Token[]): Problem | null {
  for (const [at, token] of tokens.entries()) {
    const problem = at > 1 ? problemWith(token, tokens, at) : null
    if (problem) return { token, what: problem[0], next: problem[1] }
  }
  return null
}

function judgeOther(tokens: readonly Token[], at: number): Verdict {
  const object = tokens[at]
  if (isKeyword(object, ...PROGRAMS)) return skip('program')
  if (isKeyword(object, 'USER', 'ROLE')) return skip('account')
  if (isKeyword(object, 'DATABASE', 'SCHEMA')) {
    return refuse(tokens[0], 'a statement about a whole schema', QUALIFIED[1])
  }
  return refuse(tokens[0], ...UNKNOWN)
}
