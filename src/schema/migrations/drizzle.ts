import { Refusal } from '../../errors.ts'
import { printable } from '../place.ts'
import { baseName, folderOf, type MigrationFile, type Script } from './migration-file.ts'
import { unclear } from './unclear.ts'

/** Drizzle keeps the order in `meta/_journal.json` beside its files. */
export function isDrizzle({ name }: MigrationFile): boolean {
  return /(?:^|\/)meta\/_journal\.json$/.test(name)
}

/**
 * The files in the order of the journal's entries.
 *
 * @throws {Refusal} CONFIG_INVALID when the journal cannot be read or is for another database, MIGRATIONS_UNCLEAR when a file
 *   or an entry lacks the other.
 */
export function orderDrizzle(files: readonly MigrationFile[]): Script[] {
  const journals = files.filter(isDrizzle)
  const [journal, second] = journals
  if (!journal) return []
  if (second) {
    const next = 'Name the one folder that drizzle-kit writes to.'
    throw unclear(`${journal.path} and ${second.path} are two journals.`, next)
  }
  const folder = folderOf(folderOf(journal.name))
  const prefix = folder === '' ? '' : `${folder}/`
  const tags = readTags(journal)
  const scripts = new Map(
    files.filter(({ name }) => /\.sql$/i.test(name)).map((file) => [file.name, file]),
  )
  const ordered = tags.map((tag) => {
    const file = scripts.get(`${prefix}${tag}.sql`)
    scripts.delete(`${prefix}${tag}.sql`)
    if (file) return toScript(file)
    const next = 'Commit the file, or take the entry out of the journal.'
    throw unclear(`${journal.path} names ${tag}, and there is no ${tag}.sql beside it.`, next)
  })
  const [stray] = scripts.values()
  if (stray) {
    const next = 'Commit the journal that drizzle-kit wrote, or move the file elsewhere.'
    throw unclear(`${stray.path} is not in ${baseName(journal.name)}, so it never runs.`, next)
  }
  return ordered
}

/** The breakpoint parts statements that have no semicolon. */
function toScript({ path, text }: MigrationFile): Script {
  const parted = text.replace(/--> statement-breakpoint/g, (mark) => ';'.padEnd(mark.length))
  return { file: path, text: parted, whole: [] }
}

function readTags({ path, text }: MigrationFile): string[] {
  const journal = parseJson(path, text)
  const dialect = member(journal, 'dialect') ?? 'mysql'
  if (dialect !== 'mysql') throw badJournal(path, 'is not the journal of a MySQL database')
  const entries = member(journal, 'entries')
  if (!Array.isArray(entries)) throw badJournal(path, 'lists no entries')
  return entries.map((entry: unknown) => {
    const tag = member(entry, 'tag')
    if (typeof tag === 'string') return tag
    throw badJournal(path, 'has an entry without tag')
  })
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badJournal(path, 'is not JSON', error)
  }
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Readonly<Record<string, unknown>>)[key]
}

function badJournal(path: string, what: string, cause?: unknown): Refusal {
  return new Refusal('CONFIG_INVALID', printable(`${path} ${what}.`), {
    next: 'Commit the journal as drizzle-kit wrote it.',
    cause,
  })
}
