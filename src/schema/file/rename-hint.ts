import { printable } from '../place.ts'
import type { Renames } from '../renames.ts'
import { quoteName, type Schema } from '../table.ts'
import type { Comment, CreateTable } from './allow-list.ts'
import { type Outline, outlineOf } from './outline.ts'

/** A comment that says what a column was called before. */
export type RenameHint = {
  /** The column that it stands at, in lower case. */
  readonly column: string
  readonly old: string
  readonly comment: Comment
}

/** A comment that was meant to be one. */
export type BadHint = { readonly message: string; readonly fix: string; readonly comment: Comment }

/** The hints of one table. */
export type Hints = { readonly hints: readonly RenameHint[]; readonly bad: readonly BadHint[] }

const MARK = /crossfade:renamed-from(?![\w-])/
const NAME = /^(?:`((?:[^`]|``){1,64})`|([\w$\u0080-\uffff]{1,64}))$/

/** How a hint is written. */
export const HINT_EXAMPLE =
  'Write `-- crossfade:renamed-from old_name` on the line of the column, or on the line above it.'

/** What the comments of one table say about former names. */
export function readHints(source: CreateTable): Hints {
  const marked = source.comments.filter(({ text }) => MARK.test(text))
  if (marked.length === 0 || source.kind === 'view') return { hints: [], bad: [] }
  const outline = outlineOf(source)
  const hints: RenameHint[] = []
  const bad: BadHint[] = []
  for (const comment of marked) {
    const read = readHint(comment, outline, source)
    const twin = hints.find(
      ({ column, old }) =>
        'column' in read &&
        (column === read.column || old.toLowerCase() === read.old.toLowerCase()),
    )
    if (!('column' in read)) bad.push(read)
    else if (!twin) hints.push(read)
    else
      bad.push({
        message: `The comment \`crossfade:renamed-from\` says something else of ${named(twin.column)} or ${named(twin.old)} than one before it.`,
        fix: 'Keep one hint for each column.',
        comment,
      })
  }
  return { hints, bad }
}

/** The hints of all files that a schema was made of. */
export function renamesIn({ schema, sources }: Definition): Renames {
  const found = sources.flatMap((source) => {
    const { hints } = readHints(source)
    if (hints.length === 0) return []
    const columns = schema.tables.get(source.name)?.columns ?? []
    const spelled = new Map(columns.map(({ name }) => [name.toLowerCase(), name]))
    const names = hints.map(({ column, old }) => [spelled.get(column) ?? column, old] as const)
    return [[source.name, new Map(names)] as const]
  })
  return new Map(found)
}

/** A schema and the files that it was made of. */
type Definition = { readonly schema: Schema; readonly sources: readonly CreateTable[] }

function readHint(comment: Comment, outline: Outline, source: CreateTable): RenameHint | BadHint {
  const [, said = ''] = comment.text.split(MARK)
  const [line = ''] = said.replace(/\*\/\s*$/, '').split('\n')
  const [, quoted, plain] = NAME.exec(line.trim()) ?? []
  const old = quoted?.replaceAll('``', '`') ?? plain
  if (old === undefined) {
    return {
      message:
        'The comment `crossfade:renamed-from` has no effect: one column has to follow it, and nothing else.',
      fix: HINT_EXAMPLE,
      comment,
    }
  }
  const column = columnAt(comment, outline, source)
  if (column !== null) return { column, old, comment }
  if (comment.line <= outline.place.line) {
    return {
      message: `The comment \`crossfade:renamed-from\` stands at the table ${named(source.name)}, and a table cannot be renamed by a deployment.`,
      fix: 'Add the new table and let the code write both, copy the rows, let the code read the new one, and drop the old one in a later deploy request. Or rename it by hand in a moment when nothing uses it, and in the files after that.',
      comment,
    }
  }
  return {
    message: 'The comment `crossfade:renamed-from` has no effect: it stands at no column.',
    fix: HINT_EXAMPLE,
    comment,
  }
}

/** The last column that begins before the comment on its line; else the one that begins on the next line without comments. */
function columnAt(
  comment: Comment,
  { columns, place }: Outline,
  source: CreateTable,
): string | null {
  if (comment.line < place.line) return null
  const beside = [...columns].findLast(
    ([, at]) => at.line === comment.line && at.column < comment.column,
  )
  if (beside) return beside[0]
  const commented = new Set(source.comments.map((other) => other.line))
  let line = comment.line + comment.text.trimEnd().split('\n').length
  const begins = () => [...columns].find(([, at]) => at.line === line)?.[0] ?? null
  while (begins() === null && commented.has(line)) line += 1
  return begins()
}

function named(name: string): string {
  return quoteName(printable(name))
}
