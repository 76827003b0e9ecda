import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from '../tokens.ts'

/** What to do about a statement that no schema file may hold, for somebody who keeps a schema as files for the first time. */
export function adviceOnStatement(tokens: readonly Token[]): string {
  const [first, second, third] = tokens
  const word = first?.kind === 'word' ? first.text.toUpperCase() : ''
  if (isSymbol(first, '/') || isSymbol(first, '-')) {
    return 'Comments begin with two dashes and a space, or with #.'
  }
  if (word === 'CREATE') return adviceOnCreate(tokens)
  if (word === 'ALTER' && isKeyword(second, 'TABLE') && third) {
    return `Change the CREATE TABLE of ${third.value} instead; Crossfade works out the ALTER. ${MIGRATIONS}`
  }
  return ADVICE[word] ?? ONLY_TABLES
}

const ONLY_TABLES = 'Keep only `CREATE TABLE` and `CREATE VIEW` statements in schema files.'

const MIGRATIONS = 'A folder of migrations belongs under `migrations:` in the config file.'

const PROGRAMS = ['TRIGGER', 'PROCEDURE', 'FUNCTION', 'EVENT']

const NO_PROGRAMS = 'Triggers and routines are not deployed; keep them outside of the folder.'

function adviceOnCreate(tokens: readonly Token[]): string {
  const at = tokens.slice(0, OBJECT_WITHIN).findIndex((token) => isKeyword(token, ...OBJECTS))
  const object = tokens[at]
  if (isKeyword(object, 'TABLE')) return 'Write CREATE TABLE without other words.'
  if (isKeyword(object, 'INDEX')) {
    const on = tokens.findIndex((token) => isKeyword(token, 'ON'))
    const [name, table] = [tokens[at + 1]?.value, on === -1 ? undefined : tokens[on + 1]?.value]
    const kind = isKeyword(tokens[at - 1], 'UNIQUE', 'FULLTEXT', 'SPATIAL') ? tokens[at - 1] : null
    const key = `${kind ? `${kind.text} ` : ''}KEY ${name ?? 'name'} ( … )`
    return `Write it in the CREATE TABLE of ${table ?? 'its table'}: ${key}. ${MIGRATIONS}`
  }
  if (isKeyword(object, ...PROGRAMS)) return NO_PROGRAMS
  return isKeyword(object, 'DATABASE', 'SCHEMA') ? SCHEMA : ONLY_TABLES
}

const OBJECTS = ['TABLE', 'INDEX', 'DATABASE', 'SCHEMA', ...PROGRAMS]

/** Words such as OR REPLACE, DEFINER and UNIQUE may come before what is made. */
const OBJECT_WITHIN = 12

const SCHEMA = 'Remove it; the deployment decides the schema.'
const ROWS = `Rows are not deployed; keep them outside of the folder. ${MIGRATIONS}`
const SESSION = 'Remove it; Crossfade sets what it needs.'

const ADVICE: Readonly<Record<string, string>> = {
  DROP: `Remove it; Crossfade works out itself what to create, change and drop. ${MIGRATIONS}`,
  RENAME: `Change the CREATE TABLE instead; Crossfade works out the rest. ${MIGRATIONS}`,
  USE: SCHEMA,
  SET: SESSION,
  LOCK: SESSION,
  UNLOCK: SESSION,
  START: SESSION,
  BEGIN: SESSION,
  COMMIT: SESSION,
  INSERT: ROWS,
  REPLACE: ROWS,
  UPDATE: ROWS,
  DELETE: ROWS,
  TRUNCATE: ROWS,
  SELECT: ROWS,
  LOAD: ROWS,
  DELIMITER: NO_PROGRAMS,
}

/** What to do when a server does not understand what begins at `offset` of a statement. */
export function adviceOnSyntax(statement: string, offset: number): string {
  const tokens = withoutComments(tokenize(statement))
  const at = tokens.findIndex(({ start }) => start >= offset)
  const [before, token, after] = [tokens[at - 1], tokens[at], tokens[at + 1]]
  if (isSymbol(token, '-') && isSymbol(after, '-')) {
    return 'A comment begins with two dashes and a space.'
  }
  if (isSymbol(token, '>') && isSymbol(before, '-')) {
    return 'MariaDB has no -> for JSON: write JSON_VALUE(column, path) or JSON_EXTRACT(column, path).'
  }
  if (token?.kind === 'string' && token.text.startsWith('"')) {
    return 'Names stand in backticks, and double quotes are for texts.'
  }
  if (isKeyword(before, 'VARCHAR', 'VARBINARY')) {
    return `Give the longest value's length, such as ${before?.text}(255).`
  }
  const isName = isSymbol(before, ',') || isSymbol(before, '(') || isKeyword(before, 'TABLE')
  if (isName && token?.kind === 'word') {
    return `Is it a name? Write \`${token.text}\` in backticks. Else correct this line or the one before it.`
  }
  return 'Correct this line or the one before it.'
}

/** What to do about an error of this number, of which the server says `text`. */
export function adviceOnError(errno: number | null, text: string): string {
  const found = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1]
  return found ?? (errno === null ? undefined : BY_ERRNO[errno]) ?? 'Correct the definition.'
}

const TAKEN = 'Foreign keys need names of their own in the whole schema; rename this one.'

/** MariaDB says of most foreign keys only that the table could not be made. */
const BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/errno: 121/, TAKEN],
  [/no index in the referenced table/, 'Refer to columns over which the other table has a key.'],
]

const BY_ERRNO: Readonly<Record<number, string>> = {
  1050: 'Make it once; with IF NOT EXISTS the second time is passed over.',
  1071: 'Index fewer or shorter columns, or only the beginning of a text: name(100).',
  1074: 'Make it shorter, or make it TEXT.',
  1075: 'Add PRIMARY KEY to that column.',
  1101: "Write the default as an expression, in parentheses: DEFAULT ('{}').",
  1146: 'Create it in an earlier statement or file, or correct its name.',
  1170: 'Index the beginning of the text: name(100).',
  1273: 'If production is the other of MySQL and MariaDB, the scratch server must be that too; else choose a collation that this server has.',
  1826: TAKEN,
}
