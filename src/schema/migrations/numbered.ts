import { baseName, folderOf, type MigrationFile } from './migration-file.ts'
import { unclear } from './unclear.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'

const NUMBER = /^(\d+(?:[._-]\d+)*)(?=[._-]|$)/

/** Whether the name of a file begins with a number, as `0001_users.sql` and `2024-01-31-users.sql` do. */
export function isNumbered({ name }: MigrationFile): boolean {
  return NUMBER.test(baseName(name))
}

/**
 * Files whose names begin with numbers, in the order of the numbers: `2_b` comes before `10_a`.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR for a file without a number, two of one number, or files in several folders.
 */
export function inNumberOrder(files: readonly MigrationFile[]): MigrationFile[] {
  requireOneFolder(files)
  const numbered = files.map((file) => ({ file, version: numberOf(file) }))
  const sorted = numbered.toSorted((a, b) => compareVersions(a.version, b.version))
  for (const [at, { file, version }] of sorted.entries()) {
    const next = sorted[at + 1]
    if (next && compareVersions(version, next.version) === 0) throw sameNumber(file, next.file)
  }
  return sorted.map(({ file }) => file)
}

/** @throws {Refusal} MIGRATIONS_UNCLEAR when files lie in more than one folder. */
export function requireOneFolder(files: readonly MigrationFile[]): void {
  const [first] = files
  const other = files.find(({ name }) => folderOf(name) !== folderOf(first?.name ?? ''))
  if (!first || !other) return
  throw unclear(
    `${first.path} and ${other.path} lie in different folders, so nobody can tell which runs first.`,
    'Name the one folder that the migration tool is given.',
  )
}

function numberOf({ name, path }: MigrationFile): Version {
  const number = NUMBER.exec(baseName(name))?.[1]
  if (number !== undefined) return parseVersion(number)
  throw unclear(
    `${path} has no number, so nobody can tell when it runs.`,
    'Begin its name with its number as the others do, or move it elsewhere.',
  )
}

/** @throws nothing: gives the refusal of two migrations that claim one place in the order. */
export function sameNumber(one: MigrationFile, other: MigrationFile) {
  return unclear(
    `${one.path} and ${other.path} have the same number, so nobody can tell which runs first.`,
    'Give one of them another number.',
  )
}
