import { Refusal } from '../../errors.ts'
import type { PlacedStatement } from '../complaint.ts'
import { findHidden, hiddenAt } from '../file/hidden.ts'
import { type Place, refusalAt } from '../place.ts'
import { isKeyword, type Token } from '../tokens.ts'
import { judge, schemaNamedBy } from './judge.ts'
import { findLayout } from './layout.ts'
import { blank, type MigrationFile, type Script } from './migration-file.ts'
import { type Statement, splitScript } from './split.ts'
import type { SkipReason, Verdict } from './verdict.ts'
import { definerIn } from './view-statement.ts'

/** What a migrations folder runs on an empty schema. */
export type History = {
  /** The tool whose layout it is. */
  readonly tool: string
  /** In the order in which they run; each has passed the allow-list. */
  readonly statements: readonly MigrationStatement[]
  readonly skipped: readonly Skipped[]
}

/** A statement that runs on the scratch schema; `name` is the table or view that it names first. */
export type MigrationStatement = PlacedStatement & {
  /** What it defines, when it is a `CREATE TABLE` or `CREATE VIEW`. */
  readonly defines: 'table' | 'view' | null
}

/** Statements that were not run for one reason. */
export type Skipped = {
  readonly reason: SkipReason
  readonly count: number
  /** The first of them. */
  readonly place: Place
}

/**
 * Reads a migrations folder. The files come from a pull request, so they are a stranger's.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR, SCHEMA_TOO_LARGE, CONFIG_INVALID, SQL_SYNTAX or SQL_NOT_ALLOWED with file, line and column.
 */
export function readHistory(files: readonly MigrationFile[], folder: string): History {
  const { tool, order } = findLayout(files, folder)
  const statements: MigrationStatement[] = []
  const skipped = new Map<SkipReason, Skipped>()
  let schema: string | null = null
  for (const script of order(files)) {
    for (const statement of splitScript(script)) {
      const verdict = judge(statement.tokens)
      if (verdict.kind === 'refuse') throw refusalOf(script, statement, verdict.problem)
      refuseHidden(script, statement, verdict)
      schema = sameSchema(script, statement, schema)
      if (verdict.kind === 'run') statements.push(toRun(statement))
      else count(skipped, verdict.reason, statement)
      if (statements.length > MAX_STATEMENTS) throw tooMany(folder)
    }
  }
  return { tool, statements, skipped: [...skipped.values()] }
}

/** A stranger must not keep a server busy for hours. */
const MAX_STATEMENTS = 20_000

function tooMany(folder: string): Refusal {
  const message = `The migrations in ${folder} hold more than 20,000 statements that run.`
  return new Refusal('SCHEMA_TOO_LARGE', message, {
    next: 'Replace the older ones by a dump of the schema that they make.',
  })
}

/** A statement that the allow-list does not let through, at the token that is to blame. */
export function refusalOf(
  { text, file }: Script,
  { tokens }: Statement,
  {
    token,
    what,
    next,
  }: { readonly token: Token | undefined; readonly what: string; readonly next: string },
) {
  const offset = token?.start ?? tokens[0]?.start ?? 0
  return refusalAt('SQL_NOT_ALLOWED', `${what} is not allowed`, { text, offset, file }, next)
}

/**
 * Only the values of rows, which are never run, may hold characters that cannot be seen.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED at the first of them.
 */
export function refuseHidden(script: Script, statement: Statement, verdict: Verdict): void {
  if (verdict.kind === 'skip' && verdict.reason === 'rows') return
  const found = findHidden(statement.text)
  if (found === null) return
  throw hiddenAt(script, (statement.tokens[0]?.start ?? 0) + found)
}

/** Tables of two schemas would be taken for those of one. */
function sameSchema(script: Script, statement: Statement, known: string | null): string | null {
  const token = schemaNamedBy(statement.tokens)
  if (token === null || known === null || token.value === known) return token?.value ?? known
  const next = 'Keep the migrations of each schema in a folder of their own.'
  throw refusalOf(script, statement, { token, what: 'a second schema', next })
}

function count(
  skipped: Map<SkipReason, Skipped>,
  reason: SkipReason,
  { file, line, column }: Statement,
): void {
  const former = skipped.get(reason)
  skipped.set(reason, {
    reason,
    count: (former?.count ?? 0) + 1,
    place: former?.place ?? { file, line, column },
  })
}

/** A statement that may run. */
export function toRun({ tokens, text, file, line, column }: Statement): MigrationStatement {
  const statement = withoutDefiner(text, tokens)
  return { name: nameIn(tokens), statement, file, line, column, defines: definedBy(tokens) }
}

function definedBy(tokens: readonly Token[]): MigrationStatement['defines'] {
  if (!isKeyword(tokens[0], 'CREATE')) return null
  const object = tokens.find((token) => isKeyword(token, 'TABLE', 'VIEW', 'INDEX'))
  if (isKeyword(object, 'VIEW')) return 'view'
  return isKeyword(object, 'TABLE') ? 'table' : null
}

/** Only the mighty may make views for others, and the result has no definer. */
function withoutDefiner(text: string, tokens: readonly Token[]): string {
  const definer = definerIn(tokens)
  if (!definer || !isKeyword(tokens[0], 'CREATE', 'ALTER')) return text
  const offset = (token: Token | undefined) => (token?.start ?? 0) - (tokens[0]?.start ?? 0)
  const [start, end] = [offset(tokens[definer.start]), offset(tokens[definer.end])]
  return text.slice(0, start) + blank(text.slice(start, end)) + text.slice(end)
}

const HEAD = 8

const NO_NAMES = [
  ...['CREATE', 'ALTER', 'DROP', 'RENAME', 'OR', 'REPLACE', 'TABLE', 'TABLES', 'VIEW', 'IF', 'NOT'],
  ...['EXISTS', 'UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR', 'INDEX', 'ONLINE', 'OFFLINE', 'IGNORE'],
  ...['DATABASE', 'SCHEMA', 'DEFAULT', 'ALGORITHM', 'UNDEFINED', 'MERGE', 'TEMPTABLE', 'DEFINER'],
  ...['SQL', 'SECURITY', 'INVOKER'],
]

/** The table that a statement is about: for an index what stands after ON, else the first name. */
function nameIn(tokens: readonly Token[]): string {
  if (definerIn(tokens)) return nameAfterView(tokens)
  const index = tokens.slice(0, HEAD).some((token) => isKeyword(token, 'INDEX'))
  const isIndex = index && !isKeyword(tokens[0], 'ALTER')
  const on = isIndex ? tokens.findIndex((token) => isKeyword(token, 'ON')) : -1
  const isName = ({ kind }: Token) => kind === 'word' || kind === 'quoted'
  const name =
    on === -1
      ? tokens.find((token) => isName(token) && !isKeyword(token, ...NO_NAMES))
      : tokens[on + 1]
  return name?.value ?? ''
}

/** A definer is a name too, so the view's is looked for after VIEW. */
function nameAfterView(tokens: readonly Token[]): string {
  const view = tokens.findIndex((token) => isKeyword(token, 'VIEW'))
  return tokens.slice(view + 1).find((token) => !isKeyword(token, ...NO_NAMES))?.value ?? ''
}
