import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../src/errors.ts'
import { LIMITS } from '../src/schema/load.ts'
import { askGitHub, type GitHub } from './github.ts'

/** A regular file of a commit. `sha` is git's name of its content. */
export type CommitFile = { readonly path: string; readonly sha: string; readonly text: string }

/** Where the files of commits are read from. */
export type FileSource = {
  readonly github: GitHub
  /** A checkout of anything: a file of it is used only where git's hash says that it is the one wanted. */
  readonly workspace: string | null
}

/** How many files are read at once. */
const BATCH = 10

type Entry = {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
  readonly size: number
}

/** The commit in which the histories of `base` and `head` parted: what the pull request is a change of. */
export async function findMergeBase(github: GitHub, base: string, head: string): Promise<string> {
  const { owner, repo } = github
  // The second page holds no files, which are all that is large in the answer.
  const { data } = await askGitHub(() =>
    github.rest.rest.repos.compareCommitsWithBasehead({
      owner,
      repo,
      basehead: `${base}...${head}`,
      per_page: 1,
      page: 2,
    }),
  )
  return data.merge_base_commit.sha
}

/** Git's name of what is at `path` in `commit`, or null when there is nothing. Equal names mean equal content. */
export async function findPath(
  source: FileSource,
  commit: string,
  path: string,
): Promise<string | null> {
  return (await findEntry(source.github, commit, path))?.sha ?? null
}

/** The file at `path` in `commit`, or null when there is none. */
export async function readCommitFile(
  source: FileSource,
  commit: string,
  path: string,
): Promise<CommitFile | null> {
  const entry = await findEntry(source.github, commit, path)
  if (entry === null) return null
  checkEntries(path, [entry], LIMITS.fileBytes)
  return await readEntry(source, { ...entry, path })
}

/** Which files of a commit are read, and how large each may be. */
export type WantedFiles = {
  readonly isWanted: (path: string) => boolean
  readonly fileBytes: number
}

/**
 * The files below `folder` in `commit` whose path `isWanted`, in the order of their paths, or the one file of that name; none
 * when there is no such folder.
 *
 * They come from the very commit that is reviewed, not from the checkout, which is a merge that nobody reviewed and
 * has no history to read the base from.
 *
 * @throws {Refusal} SCHEMA_TOO_LARGE beyond 5,000 files, `fileBytes` a file or 16 MiB in all,
 *   SQL_NOT_ALLOWED for a wanted file that is a symbolic link.
 */
export async function readCommitFolder(
  source: FileSource,
  at: { readonly commit: string; readonly folder: string },
  { isWanted, fileBytes }: WantedFiles,
): Promise<CommitFile[]> {
  const root = await findEntry(source.github, at.commit, at.folder)
  if (root?.type === 'blob' && isWanted(at.folder)) {
    const entry = { ...root, path: at.folder }
    checkEntries(at.folder, [entry], fileBytes)
    return [await readEntry(source, entry)]
  }
  if (root?.type !== 'tree') return []
  const entries = (await readTree(source.github, root.sha, { recursive: true }))
    .filter((entry) => entry.type !== 'tree')
    .map((entry) => ({ ...entry, path: `${at.folder}/${entry.path}` }))
    .filter(({ path }) => isWanted(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  checkEntries(at.folder, entries, fileBytes)
  const files: CommitFile[] = []
  for (let from = 0; from < entries.length; from += BATCH) {
    const batch = entries.slice(from, from + BATCH)
    files.push(...(await Promise.all(batch.map((entry) => readEntry(source, entry)))))
  }
  return files
}

async function findEntry(github: GitHub, commit: string, path: string): Promise<Entry | null> {
  let found: Entry | null = null
  for (const part of path.split('/')) {
    if (found !== null && found.type !== 'tree') return null
    const entries = await readTree(github, found?.sha ?? commit, { recursive: false })
    found = entries.find((entry) => entry.path === part) ?? null
    if (found === null) return null
  }
  return found
}

async function readTree(
  github: GitHub,
  sha: string,
  { recursive }: { readonly recursive: boolean },
): Promise<Entry[]> {
  const { owner, repo } = github
  const { data } = await askGitHub(() =>
    github.rest.rest.git.getTree({
      owner,
      repo,
      tree_sha: sha,
      // GitHub takes any value of this parameter for a yes, so it must be absent for a no.
      ...(recursive ? { recursive: '1' } : {}),
    }),
  )
  if (data.truncated) throw tooLarge('A folder', 'holds more entries than GitHub lists at once')
  return data.tree.map(({ path, mode, type, sha: name, size = 0 }) => ({
    path,
    mode,
    type,
    sha: name,
    size,
  }))
}

function checkEntries(folder: string, entries: readonly Entry[], fileBytes: number): void {
  const link = entries.find(({ mode }) => mode !== '100644' && mode !== '100755')
  if (link) {
    throw new Refusal('SQL_NOT_ALLOWED', `${link.path} is not a regular file.`, {
      next: 'Commit the file itself instead of a link or a submodule.',
    })
  }
  if (entries.length > LIMITS.files) {
    throw tooLarge(folder, `holds ${entries.length} files; ${LIMITS.files} are allowed`)
  }
  const big = entries.find(({ size }) => size > fileBytes)
  if (big) {
    throw tooLarge(big.path, `has ${big.size} bytes; ${fileBytes} are allowed`)
  }
  const bytes = entries.reduce((sum, { size }) => sum + size, 0)
  if (bytes > LIMITS.bytes) {
    throw tooLarge(folder, `has ${bytes} bytes in all; ${LIMITS.bytes} are allowed`)
  }
}

function tooLarge(what: string, why: string): Refusal {
  return new Refusal('SCHEMA_TOO_LARGE', `${what} ${why}.`, {
    next: 'Keep nothing but the schema in the folder, one table to a file, and data elsewhere.',
  })
}

async function readEntry(source: FileSource, { path, sha }: Entry): Promise<CommitFile> {
  const bytes = (await readCheckedOut(source, path, sha)) ?? (await readBlob(source.github, sha))
  try {
    return { path, sha, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (cause) {
    throw new Refusal('SQL_SYNTAX', `${path}:1:1: The file is not UTF-8.`, {
      next: 'Save the file as UTF-8.',
      cause,
    })
  }
}

/**
 * The checked out file if git's hash of it is `sha`, else null. It saves a call for each file that the merge left
 * alone: the token of a job has 1,000 calls an hour, and a schema can have as many tables.
 */
async function readCheckedOut(
  { workspace }: FileSource,
  path: string,
  sha: string,
): Promise<Buffer | null> {
  if (workspace === null) return null
  // No checkout, or another file: then it is asked of GitHub.
  const bytes = await readFile(join(workspace, path)).catch(() => null)
  return bytes !== null && gitSha(bytes, sha.length) === sha ? bytes : null
}

/** Git's name of a file's content; `length` tells which of its two hashes the repository uses. */
function gitSha(bytes: Buffer, length: number): string {
  const hash = createHash(length === 64 ? 'sha256' : 'sha1')
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

async function readBlob(github: GitHub, sha: string): Promise<Buffer> {
  const { owner, repo } = github
  const { data } = await askGitHub(() =>
    github.rest.rest.git.getBlob({ owner, repo, file_sha: sha }),
  )
  return Buffer.from(data.content, 'base64')
}
