import { compareNames } from '../parse.ts'
import { baseName, type MigrationFile, type Script, scriptOf } from './migration-file.ts'
import { sameNumber } from './numbered.ts'
import { unclear } from './unclear.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'

/** `V1.2__name.sql`, `R__name.sql`, `U1.2__name.sql`, `B1.2__name.sql`. */
const NAME = /^(?<kind>[VUB])(?<version>\d+(?:[._]\d+)*)(?:__.*)?\.sql$|^R__(?<what>.*)\.sql$/

/** What Flyway runs around migrations; on a schema it has no lasting effect that a migration could not have. */
const CALLBACK = /^(?:before|after|create)[A-Z]\w*?(?:__.*)?\.sql$/

type Kind = 'V' | 'U' | 'B'

type Versioned = { readonly file: MigrationFile; readonly kind: Kind; readonly version: Version }

/** Whether Flyway would run this file by its name. */
export function isFlyway({ name }: MigrationFile): boolean {
  const base = baseName(name)
  return NAME.test(base) && (base.includes('__') || base.startsWith('V'))
}

/**
 * Flyway's order for an empty database: the newest baseline, what is versioned after it by number, and what is repeatable by
 * its description. Folders mean nothing; undo migrations are not run.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR for two migrations of one version, and for a file that Flyway passes over.
 */
export function orderFlyway(files: readonly MigrationFile[]): Script[] {
  const scripts = files.filter(({ name }) => /\.sql$/i.test(name))
  const known = scripts.filter(({ name }) => !CALLBACK.test(baseName(name)))
  for (const file of known) requireName(file)
  const versioned = known
    .flatMap(toVersioned)
    .toSorted((a, b) => compareVersions(a.version, b.version))
  const baselines = versioned.filter(({ kind }) => kind === 'B')
  const baseline = baselines.at(-1)
  const migrations = versioned.filter(
    ({ kind, version }) =>
      kind === 'V' && (!baseline || compareVersions(version, baseline.version) > 0),
  )
  requireDistinct(baselines)
  requireDistinct(migrations)
  const repeatable = known
    .filter(({ name }) => baseName(name).startsWith('R__'))
    .toSorted((a, b) => compareNames(descriptionOf(a), descriptionOf(b)))
  const ordered = [...(baseline ? [baseline] : []), ...migrations].map(({ file }) => file)
  return [...ordered, ...repeatable].map(scriptOf)
}

function toVersioned(file: MigrationFile): Versioned[] {
  const { kind, version } = NAME.exec(baseName(file.name))?.groups ?? {}
  if (!version) return []
  // Sound: the pattern lets these three through and no others.
  return [{ file, kind: kind as Kind, version: parseVersion(version) }]
}

/** Flyway compares descriptions with blanks for underscores. */
function descriptionOf({ name }: MigrationFile): string {
  return (NAME.exec(baseName(name))?.groups?.what ?? '').replaceAll('_', ' ')
}

function requireName({ name, path }: MigrationFile): void {
  if (NAME.test(baseName(name))) return
  throw unclear(
    `${path} is not named as Flyway names migrations, so Flyway passes over it.`,
    'Name it like V7__what_it_does.sql, with two underscores, or move it elsewhere.',
  )
}

function requireDistinct(sorted: readonly Versioned[]): void {
  for (const [at, { file, version }] of sorted.entries()) {
    const next = sorted[at + 1]
    if (next && compareVersions(version, next.version) === 0) throw sameNumber(file, next.file)
  }
}
