import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Refusal } from '../errors.ts'
import { connect, parseTarget } from '../mysql/connect.ts'
import type { Session } from '../mysql/session.ts'
import { type CreateTable, checkSchemaFile, refuseDuplicates } from './allow-list.ts'
import { type CanonicalOptions, canonicalise, readSchema } from './canonical.ts'
import { compareNames } from './parse.ts'
import { printable } from './place.ts'
import type { Schema } from './table.ts'

/** How much a folder of schema files may hold, so that a stranger cannot keep us busy. */
export const LIMITS = { files: 5000, fileBytes: 512 * 1024, bytes: 16 * 1024 * 1024 } as const

/**
 * The tables of all `*.sql` files in `folder` and below it, in the order of their paths; names that begin with
 * a dot are passed over.
 *
 * @throws {Refusal} SCHEMA_EMPTY, SCHEMA_TOO_LARGE, SQL_SYNTAX or SQL_NOT_ALLOWED.
 */
export async function loadFolder(folder: string): Promise<CreateTable[]> {
  const paths = await findFiles(folder)
  const tables: CreateTable[] = []
  let bytes = 0
  for (const path of paths) {
    const text = await loadFile(path)
    bytes += text.byteLength
    if (bytes > LIMITS.bytes) throw tooLarge(`${shown(folder)} holds more than 16 MiB`)
    tables.push(...checkSchemaFile(decode(text, path), path))
  }
  if (tables.length === 0) {
    throw new Refusal('SCHEMA_EMPTY', `There is no table in the *.sql files of ${shown(folder)}.`, {
      next: 'Check the path, or put one CREATE TABLE file for each table there.',
    })
  }
  refuseDuplicates(tables)
  return tables
}

async function findFiles(folder: string): Promise<string[]> {
  const root = await realpath(folder).catch((error: unknown) => {
    throw new Refusal('SCHEMA_EMPTY', `There is no folder ${shown(folder)}.`, {
      next: 'Check the path.',
      cause: error,
    })
  })
  const files: string[] = []
  for await (const path of walk(folder, root)) {
    files.push(path)
    if (files.length > LIMITS.files) throw tooLarge(`${shown(folder)} holds more than 5,000 files`)
  }
  return files.sort(compareNames)
}

/** The schema files in `folder` and below; `root` is where no link may lead out of. */
async function* walk(folder: string, root: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) yield* walk(path, root)
    else if (entry.isSymbolicLink()) await refuseLeaving(path, root)
    else if (entry.isFile() && isSchemaFile(path)) yield path
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

async function loadFile(path: string): Promise<Buffer> {
  const { size } = await stat(path)
  if (size > LIMITS.fileBytes) throw tooLarge(`${shown(path)} is larger than 512 KiB`)
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

function tooLarge(what: string): Refusal {
  return new Refusal('SCHEMA_TOO_LARGE', `${what}.`, {
    next: 'Keep only CREATE TABLE files in the folder, one table to a file.',
  })
}

function shown(path: string): string {
  return printable(path)
}

/** Is `source` a URL rather than a folder? Of any kind: what holds a password must not be shown as a missing folder. */
export function isDatabaseUrl(source: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(source)
}

export type LoadOptions = CanonicalOptions & {
  /** A session on a scratch server; asked for only when `source` is a folder. */
  readonly scratch: () => Promise<Session>
}

/**
 * The schema of a folder or of a database URL.
 *
 * @throws {Refusal} what `loadFolder`, `canonicalise` and `connect` refuse; BAD_URL for a URL without schema.
 */
export async function loadSchema(
  source: string,
  { scratch, ...options }: LoadOptions,
): Promise<Schema> {
  if (!isDatabaseUrl(source)) {
    const tables = await loadFolder(source)
    return await canonicalise(await scratch(), tables, options)
  }
  const target = parseTarget(source)
  if (target.schema === null) {
    throw new Refusal('BAD_URL', 'The database URL names no schema.', {
      next: 'Write it as mysql://user:password@host:3306/schema.',
    })
  }
  await using session = await connect(target)
  return await readSchema(session, target.schema)
}
