import { warning } from '@actions/core'
import type { SchemaSource } from '../src/deploy/config.ts'
import type { CommitSha } from '../src/deploy/request.ts'
import { isSourceFile } from '../src/deploy/source-files.ts'
import { filesDigest } from '../src/deploy/submission.ts'
import { Refusal } from '../src/errors.ts'
import type { Definition } from '../src/lint/lint.ts'
import type { Session } from '../src/mysql/session.ts'
import { canonicalise } from '../src/schema/canonical.ts'
import { readSchemaFile } from '../src/schema/file/schema-file.ts'
import { fingerprintSchema } from '../src/schema/fingerprint.ts'
import { LIMITS, readDatabase } from '../src/schema/load.ts'
import { applyHistory } from '../src/schema/migrations/apply.ts'
import { readHistory } from '../src/schema/migrations/history.ts'
import { skippedNotes } from '../src/schema/migrations/notes.ts'
import { schemaOf } from '../src/schema/parse.ts'
import { type CommitFile, type FileSource, readCommitFolder } from './commit-files.ts'
import type { DatabaseUrls } from './database-urls.ts'
import { inert, log } from './log.ts'

/** What a pull request changes a schema from and to. */
export type Schemas = {
  readonly former: Definition
  readonly wanted: Definition
  /** Changes whenever what the wanted schema is made of does. */
  readonly digest: string
}

/** The head of the pull request, and the commit that it is a change of. */
export type Commits = { readonly base: CommitSha; readonly head: CommitSha }

/** A source whose files are in the repository. */
export type FilesInRepository = Exclude<SchemaSource, { kind: 'database' }>

/**
 * The schemas that the files of two commits make. Statements reach the scratch server only past the allow-list.
 *
 * @throws {Refusal} SQL_SYNTAX, SQL_NOT_ALLOWED or MIGRATIONS_UNCLEAR with what is wrong and where, SCHEMA_TOO_LARGE.
 */
export async function readCommits(
  files: FileSource,
  { base, head }: Commits,
  source: FilesInRepository,
  scratch: Session,
): Promise<Schemas> {
  const read = (commit: CommitSha) => readFiles(files, commit, source)
  const headFiles = await read(head)
  const digest = filesDigest(headFiles)
  const wanted = await define(scratch, source, headFiles)
  for (const note of wanted.notes) log(`note: ${note}`)
  const baseFiles = await read(base)
  const isSame = filesDigest(baseFiles) === digest
  return { former: isSame ? wanted : await defineBase(scratch, source, baseFiles), wanted, digest }
}

async function readFiles(
  files: FileSource,
  commit: CommitSha,
  source: FilesInRepository,
): Promise<CommitFile[]> {
  const fileBytes = source.kind === 'migrations' ? LIMITS.migrationBytes : LIMITS.fileBytes
  const isWanted = (path: string) => isSourceFile(source, path)
  return await readCommitFolder(files, { commit, folder: source.path }, { isWanted, fileBytes })
}

type Noted = Definition & { readonly notes: readonly string[] }

async function define(
  scratch: Session,
  { kind, path: folder }: FilesInRepository,
  files: readonly CommitFile[],
): Promise<Noted> {
  if (kind === 'files') {
    const sources = files.flatMap(({ text, path }) => readSchemaFile(text, path))
    return { schema: await canonicalise(scratch, sources), sources, notes: [] }
  }
  if (files.length === 0) return { ...NOTHING, notes: [] }
  const named = files.map(({ path, text }) => ({
    path,
    name: path === folder ? path.slice(path.lastIndexOf('/') + 1) : path.slice(folder.length + 1),
    text,
  }))
  const history = readHistory(named, folder)
  return { ...(await applyHistory(scratch, history)), notes: skippedNotes(history.skipped) }
}

const NOTHING: Definition = { schema: schemaOf([]), sources: [] }

/**
 * The schema of the base. One that cannot be read is taken for empty, with a warning: else nobody could open the
 * pull request that mends it. The bot is not misled, because it drops nothing that the base does not hold.
 */
async function defineBase(
  scratch: Session,
  source: FilesInRepository,
  files: readonly CommitFile[],
): Promise<Definition> {
  try {
    return await define(scratch, source, files)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    warning(
      inert(`The schema in ${source.path} of the base cannot be read, so every table counts as new.
${error.code}: ${error.message}`),
    )
    return NOTHING
  }
}

/**
 * The schemas of a development database and of the database that it was made from. Without the second nobody could tell what
 * the development database changes from what others have changed elsewhere, and their columns would be dropped.
 *
 * @throws {Refusal} what `connect` and `readSchema` refuse.
 */
export async function readDatabases({ wanted, base }: DatabaseUrls): Promise<Schemas> {
  const [former, present] = [await readDatabase(base), await readDatabase(wanted)]
  return {
    former: { schema: former, sources: [] },
    wanted: { schema: present, sources: [] },
    digest: filesDigest([{ path: '', sha: fingerprintSchema(present) }]),
  }
}
