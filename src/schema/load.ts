import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { Refusal } from '../errors.ts'
import { connect, parseTarget } from '../mysql/connect.ts'
import type { Session } from '../mysql/session.ts'
import { type CanonicalOptions, canonicalise, readSchema } from './canonical.ts'
import { type CreateTable, refuseDuplicates } from './file/allow-list.ts'
import { readSchemaFile } from './file/schema-file.ts'
import { applyHistory } from './migrations/apply.ts'
import { type History, readHistory } from './migrations/history.ts'
import { areMigrations } from './migrations/layout.ts'
import { isMigrationFile, type MigrationFile } from './migrations/migration-file.ts'
import { skippedNotes } from './migrations/notes.ts'
import { compareNames } from './parse.ts'
import { printable } from './place.ts'
import type { Schema } from './table.ts'

/** How much a folder of schema files may hold, so that a stranger cannot keep us busy. */
export const LIMITS = {
  files: 5000,
  fileBytes: 512 * 1024,
  /** A dump of a whole schema is one file. */
  migrationBytes: 4 * 1024 * 1024,
  bytes: 16 * 1024 * 1024,
} as const

/** Which files below a folder are read, and how large each may be. */
type Wanted = { readonly isWanted: (path: string) => boolean; readonly fileBytes: number }

const DEFINITIONS: Wanted = { isWanted: isSchemaFile, fileBytes: LIMITS.fileBytes }
const MIGRATIONS: Wanted = { isWanted: isMigrationFile, fileBytes: LIMITS.migrationBytes }

/**
 * The tables of all `*.sql` files in `folder` and below it, in the order of their paths; names that begin with
 * a dot are passed over.
 *
 * @throws {Refusal} SCHEMA_EMPTY, SCHEMA_TOO_LARGE, SQL_SYNTAX or SQL_NOT_ALLOWED.
 */
export async function loadFolder(folder: string): Promise<CreateTable[]> {
  const tables: CreateTable[] = []
  for (const { path, text } of await loadFiles(folder, DEFINITIONS)) {
    tables.push(...readSchemaFile(text, path))
  }
  if (tables.length === 0) {
    throw new Refusal('SCHEMA_EMPTY', `There is no table in the *.sql files of ${shown(folder)}.`, {
      next: 'Check the path, or put one CREATE TABLE file for each table there.',
    })
  }
  refuseDuplicates(tables)
  return tables
}

/**
 * What the migrations in `folder`, or in the one file of that name, run on an empty schema.
 *
 * @throws {Refusal} SCHEMA_EMPTY, SCHEMA_TOO_LARGE, and what `readHistory` refuses.
 */
export async function loadHistory(folder: string): Promise<History> {
  return readHistory(await loadFiles(folder, MIGRATIONS), shown(folder))
}

async function loadFiles(folder: string, wanted: Wanted): Promise<MigrationFile[]> {
  const files: MigrationFile[] = []
  let bytes = 0
  for (const path of await findFiles(folder, wanted)) {
    const text = await loadFile(path, wanted.fileBytes)
    bytes += text.byteLength
    if (bytes > LIMITS.bytes) throw tooLarge(`${shown(folder)} holds more than 16 MiB`)
    const name = relative(folder, path).split(sep).join('/') || basename(path)
    files.push({ path, name, text: decode(text, path) })
  }
  return files
}

async function findFiles(folder: string, { isWanted }: Wanted): Promise<string[]> {
  const root = await realpath(folder).catch((error: unknown) => {
    throw new Refusal('SCHEMA_EMPTY', `There is no folder ${shown(folder)}.`, {
      next: 'Check the path.',
      cause: error,
    })
  })
  if (isWanted(folder) && (await stat(root)).isFile()) return [folder]
  const files: string[] = []
  for await (const path of walk(folder, root)) {
    if (!isWanted(path)) continue
    files.push(path)
    if (files.length > LIMITS.files)
      throw tooLarge(`${shown(folder)} holds more than 5,000 files`, FEWER)
  }
  return files.sort(compareNames)
}

/** The files in `folder` and below; `root` is where no link may lead out of. */
async function* walk(folder: string, root: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) yield* walk(path, root)
    else if (entry.isSymbolicLink()) await refuseLeaving(path, root)
    else if (entry.isFile()) yield path
  }
}

/** Whether a file in a schema folder belongs to the schema; others may lie beside it. */
export function isSchemaFile(path: string): boolean {
  return path.toLowerCase().endsWith('.sql')
}

/** A link that stays inside needs no reading, because what it leads to is read anyway. */
async function refuseLeaving(path: string, root: string): Promise<void> {
  const target = await realpath(path).catch(() => null)
  if (target === root || target?.startsWith(root + sep)) return
  const isFile = target === null || (await stat(target)).isFile()
  if (isFile && !isSchemaFile(path)) return
  throw new Refusal('SQL_NOT_ALLOWED', `${shown(path)} is a link that leaves the schema folder.`, {
    next: 'Replace the link by the file.',
  })
}

async function loadFile(path: string, most: number): Promise<Buffer> {
  const { size } = await stat(path)
  if (size > most) throw tooLarge(`${shown(path)} is larger than ${most / 1024} KiB`)
  return await readFile(path)
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new Refusal('SQL_SYNTAX', `${shown(path)} is not UTF-8.`, {
      next: 'Save it as UTF-8.',
      cause: error,
    })
  }
}

const FEWER = 'Name the folder of one database, or put more tables into each file.'
const SMALLER =
  'Keep nothing but the schema in the folder, one table to a file, and data elsewhere.'

function tooLarge(what: string, next = SMALLER): Refusal {
  return new Refusal('SCHEMA_TOO_LARGE', `${what}.`, { next })
}

function shown(path: string): string {
  return printable(path)
}

/** Is `source` a URL rather than a folder? Of any kind: what holds a password must not be shown as a missing folder. */
export function isDatabaseUrl(source: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(source)
}

export type LoadOptions = CanonicalOptions & {
  /** A session on a scratch server; asked for only when `source` is no database. */
  readonly scratch: () => Promise<Session>
  /** Told what of migrations was not run, in a sentence each. */
  readonly note?: (text: string) => void
}

/** A schema, and what it was made of. */
export type Loaded = {
  readonly schema: Schema
  /** Where its tables are defined; empty for a database. */
  readonly sources: readonly CreateTable[]
}

/**
 * The schema of a folder of definitions, of a folder of migrations, or of a database URL.
 *
 * @throws {Refusal} what `loadFolder`, `loadHistory`, `canonicalise`, `applyHistory` and `connect` refuse; BAD_URL for a URL
 *   without schema.
 */
export async function loadSource(
  source: string,
  { scratch, note, ...options }: LoadOptions,
): Promise<Loaded> {
  if (isDatabaseUrl(source)) {
    return { schema: await readDatabase(source), sources: [] }
  }
  const files = await loadFiles(source, MIGRATIONS)
  if (areMigrations(files)) {
    const history = readHistory(files, shown(source))
    for (const text of skippedNotes(history.skipped)) note?.(text)
    return await applyHistory(await scratch(), history, options)
  }
  const sources = await loadFolder(source)
  return { schema: await canonicalise(await scratch(), sources, options), sources }
}

/** The schema of a source, as `loadSource`. */
export async function loadSchema(source: string, options: LoadOptions): Promise<Schema> {
  return (await loadSource(source, options)).schema
}

/**
 * The schema that a URL names, as it is now.
 *
 * @throws {Refusal} BAD_URL for a URL without schema, and what `connect` refuses.
 */
export async function readDatabase(url: string): Promise<Schema> {
  const target = parseTarget(url)
  if (target.schema === null) {
    throw new Refusal('BAD_URL', 'The database URL names no schema.', {
      next: 'Write it as mysql://user:password@host:3306/schema.',
    })
  }
  await using session = await connect(target)
  return await readSchema(session, target.schema)
}
