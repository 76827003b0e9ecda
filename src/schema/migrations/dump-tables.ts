import { type CreateTable, refuseDuplicates } from '../file/allow-list.ts'
import { refusalAt } from '../place.ts'
import { isKeyword } from '../tokens.ts'
import { viewHeadOf } from '../view/view-check.ts'
import { refusalOf, refuseHidden, toRun } from './history.ts'
import { judge } from './judge.ts'
import { blank } from './migration-file.ts'
import { type Statement, splitScript } from './split.ts'

/**
 * The tables and views of a dump: what it says besides about sessions, rows and programs is passed over. What would change a
 * table after it was made is refused, because definitions have no order.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file, line and column of the first thing refused.
 */
export function readDump(text: string, file: string): CreateTable[] {
  const script = { file, text, whole: [] }
  let definitions: CreateTable[] = []
  for (const statement of splitScript(script)) {
    const verdict = judge(statement.tokens)
    if (verdict.kind === 'refuse') throw refusalOf(script, statement, verdict.problem)
    refuseHidden(script, statement, verdict)
    if (verdict.kind === 'skip' || isFrame(statement)) continue
    const { defines: kind, ...placed } = toRun(statement)
    if (isConditionalDrop(statement)) {
      // Dumps define a view as a stand-in first, and drop that before they define it in earnest.
      definitions = definitions.filter(({ name }) => name !== placed.name)
    } else if (kind === null) {
      const source = { text, offset: statement.tokens[0]?.start ?? 0, file }
      const next = 'Name the file as `migrations:` instead of `schema:`, or write the tables out.'
      throw refusalAt(
        'SQL_NOT_ALLOWED',
        'a change in a dump of tables is not allowed',
        source,
        next,
      )
    } else {
      const plain = withoutNoise(placed.statement, statement)
      definitions.push({ ...placed, statement: plain, kind, comments: [] })
    }
  }
  refuseDuplicates(definitions)
  return definitions
}

/** `ALTER TABLE t DISABLE KEYS`, which says how rows are loaded. */
function isFrame({ tokens }: Statement): boolean {
  return isKeyword(tokens[0], 'ALTER') && isKeyword(tokens[4], 'KEYS') && tokens.length === 5
}

function isConditionalDrop({ tokens }: Statement): boolean {
  return isKeyword(tokens[0], 'DROP') && isKeyword(tokens[2], 'IF') && tokens.length === 5
}

/** A definition is made in an empty schema: there is nothing to replace, and an IF would hide a second one. */
function withoutNoise(text: string, { tokens }: Statement): string {
  const noise = viewHeadOf(tokens)?.noise ?? (isKeyword(tokens[2], 'IF') ? [[2, 3] as const] : [])
  const origin = tokens[0]?.start ?? 0
  let plain = text
  for (const [at, count] of noise) {
    const [start, end] = [tokens[at]?.start ?? 0, tokens[at + count - 1]?.end ?? 0]
    plain =
      plain.slice(0, start - origin) +
      blank(plain.slice(start - origin, end - origin)) +
      plain.slice(end - origin)
  }
  return plain
}
