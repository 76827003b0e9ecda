import { quoteName } from './table.ts'
import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from './tokens.ts'

/** A view as its server describes it, without its definer and without the name of its schema. */
export type View = {
  readonly name: string
  /**
   * The canonical `CREATE VIEW`, in one line: equal for equal views. What it says besides follows CREATE
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

/** Reads a view from its canonical text. */
export function parseView(sql: string): View {
  const tokens = withoutComments(tokenize(sql, 'CREATE VIEW'))
  const at = tokens.findIndex((token) => isKeyword(token, 'VIEW'))
  return { name: tokens[at + 1]?.value ?? '', sql, uses: usesOf(tokens.slice(at + 2)) }
}

/**
 * The names that stand where a table does: after FROM and JOIN, whatever parentheses come between, and no dot after
 * them, which a column has. What WITH defines is no table.
 */
function usesOf(tokens: readonly Token[]): readonly string[] {
  const own = new Set<string>()
  const used = new Set<string>()
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'quoted' || isSymbol(tokens[at + 1], '.')) continue
    let before = at - 1
    while (isSymbol(tokens[before], '(')) before -= 1
    if (isKeyword(tokens[before], 'WITH', 'RECURSIVE')) own.add(token.value)
    if (isKeyword(tokens[before], 'FROM', 'JOIN', 'STRAIGHT_JOIN')) used.add(token.value)
  }
  return [...used].filter((name) => !own.has(name))
}

/** The statement that makes `view` where there is none of its name, or takes the place of the one that is there. */
export function viewStatement({ sql }: View, verb: 'create' | 'replace'): string {
  return verb === 'create' ? sql : `CREATE OR REPLACE${sql.slice('CREATE'.length)}`
}

/** The statement that drops a view. */
export function dropViewStatement({ name }: View): string {
  return `DROP VIEW ${quoteName(name)}`
}
