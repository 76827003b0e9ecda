import { refusalAt } from '../place.ts'
import { quoteName } from '../table.ts'
import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from '../tokens.ts'
import { layOutQuery } from './view-layout.ts'
import { readNames } from './view-names.ts'

/** A view as its server describes it, without its definer and without the name of its schema. */
export type View = {
  readonly name: string
  /**
   * The canonical `CREATE VIEW`: equal for equal views. What else there is to say follows CREATE
   * (`CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW`), so ask `isViewSql` whether a text is one.
   * Without SQL SECURITY INVOKER a view has the rights of its definer, or nobody said whose.
   */
  readonly sql: string
  /** The tables and views of this schema that it reads, in the order of the text. */
  readonly uses: readonly string[]
}

/** Whether a canonical text is a view's rather than a table's. */
export function isViewSql(sql: string): boolean {
  return /^CREATE (?:ALGORITHM=(?:MERGE|TEMPTABLE) )?(?:SQL SECURITY INVOKER )?VIEW /.test(sql)
}

/**
 * Reads a view from its canonical text.
 *
 * @throws {Refusal} SQL_SYNTAX when the text is nothing that a server writes.
 */
export function parseView(sql: string): View {
  return parseCreateView(sql, null).view
}

/** A view with what is no part of it where it is compared. */
export type ReadView = {
  readonly view: View
  /** What in it no schema file could hold; null for a view of its schema alone. */
  readonly beyond: string | null
  /** As SQL writes the account; empty where the text names none. */
  readonly definer: string
}

/**
 * Reads a view from what `SHOW CREATE VIEW` says. The servers leave the schema's name out where it is the session's own,
 * but MariaDB not beside JSON_TABLE nor in a view that is broken, so it is taken out here.
 *
 * @throws {Refusal} SQL_SYNTAX when the text is nothing that a server writes.
 */
export function parseCreateView(sql: string, schemaName: string | null): ReadView {
  const tokens = withoutComments(tokenize(sql, 'CREATE VIEW'))
  const viewAt = tokens.findIndex((token) => isKeyword(token, 'VIEW'))
  const asAt = tokens.findIndex((token, at) => at > viewAt && isKeyword(token, 'AS'))
  const nameAt = isSymbol(tokens[viewAt + 2], '.') ? viewAt + 3 : viewAt + 1
  const name = tokens[nameAt]
  if (!isKeyword(tokens[0], 'CREATE') || viewAt === -1 || asAt < nameAt || !name) {
    throw unreadable(sql, tokens[0])
  }
  const query = tokens.slice(asAt + 1)
  const { uses, qualifiers, beyond } = readNames(query, schemaName)
  const head = [
    'CREATE',
    ...attributesOf(tokens.slice(1, viewAt)),
    'VIEW',
    quoteName(name.value) + columnsOf(tokens.slice(nameAt + 1, asAt)),
    'AS',
  ].join(' ')
  const text = layOutQuery(sql, query, qualifiers)
  const view = { name: name.value, sql: `${head}\n${text}`, uses }
  return { view, beyond, definer: definerOf(sql, tokens.slice(1, viewAt)) }
}

function definerOf(sql: string, tokens: readonly Token[]): string {
  const from = tokens.findIndex((token) => isKeyword(token, 'DEFINER'))
  const to = tokens.findIndex((token, at) => at > from && isKeyword(token, 'SQL'))
  if (!isSymbol(tokens[from + 1], '=') || to === -1) return ''
  return sql.slice(tokens[from + 2]?.start, tokens[to - 1]?.end)
}

/** What differs from the servers' defaults, of ALGORITHM and SQL SECURITY. */
function attributesOf(tokens: readonly Token[]): string[] {
  const algorithm = tokens.find((token) => isKeyword(token, 'MERGE', 'TEMPTABLE'))
  const invoker = tokens.some((token) => isKeyword(token, 'INVOKER'))
  return [
    ...(algorithm ? [`ALGORITHM=${algorithm.text.toUpperCase()}`] : []),
    ...(invoker ? ['SQL SECURITY INVOKER'] : []),
  ]
}

/** MySQL keeps the list of column names, MariaDB writes them into the query. */
function columnsOf(tokens: readonly Token[]): string {
  const names = tokens.filter(({ kind }) => kind === 'quoted').map(({ text }) => text)
  return names.length === 0 ? '' : ` (${names.join(',')})`
}

function unreadable(text: string, token: Token | undefined) {
  return refusalAt(
    'SQL_SYNTAX',
    'this is not a view as a server describes it',
    { text, offset: token?.start ?? 0, file: 'CREATE VIEW' },
    'Report this as a defect of Crossfade, with the statement.',
  )
}

/** Whether whoever reads the view needs rights on its tables, rather than its definer. */
export function isInvokers({ sql }: View): boolean {
  return sql.slice(0, sql.indexOf('`')).includes('SQL SECURITY INVOKER')
}

/** `view` with the rights of those who read it. */
export function asInvokers(view: View): View {
  if (isInvokers(view)) return view
  return { ...view, sql: view.sql.replace('VIEW ', 'SQL SECURITY INVOKER VIEW ') }
}

/** The statement that makes `view` where there is none of its name, or takes the place of the one that is there. */
export function viewStatement({ sql }: View, verb: 'create' | 'replace'): string {
  return verb === 'create' ? sql : `CREATE OR REPLACE${sql.slice('CREATE'.length)}`
}

/** The canonical text of the view that such a statement makes. */
export function canonicalOf(statement: string): string {
  return statement.replace(/^CREATE OR REPLACE /, 'CREATE ')
}

/** The statement that drops a view. */
export function dropViewStatement({ name }: View): string {
  return `DROP VIEW ${quoteName(name)}`
}
