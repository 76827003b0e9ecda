import { baseName, type MigrationFile, type Script, scriptOf } from './migration-file.ts'
import { requireOneFolder, sameNumber } from './numbered.ts'
import { unclear } from './unclear.ts'

const NAME = /^(?<number>\d+)_.*\.(?<direction>up|down)\.sql$/

/** golang-migrate, and sqlx with reversible migrations: `0001_users.up.sql` and `0001_users.down.sql`. */
export function isGolangMigrate({ name }: MigrationFile): boolean {
  return /\.(?:up|down)\.sql$/.test(name)
}

/**
 * The up files in the order of their numbers.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR for two up files of one number, other files, or files in several folders.
 */
export function orderGolangMigrate(files: readonly MigrationFile[]): Script[] {
  const migrations = files.filter(({ name }) => /\.sql$/i.test(name))
  requireOneFolder(migrations)
  const ups = migrations.flatMap((file) => {
    const { number, direction } = partsOf(file)
    return direction === 'up' ? [{ file, number }] : []
  })
  const sorted = ups.toSorted((a, b) => (a.number < b.number ? -1 : Number(a.number > b.number)))
  for (const [at, { file, number }] of sorted.entries()) {
    const next = sorted[at + 1]
    if (next?.number === number) throw sameNumber(file, next.file)
  }
  return sorted.map(({ file }) => scriptOf(file))
}

function partsOf({ name, path }: MigrationFile) {
  const { number, direction } = NAME.exec(baseName(name))?.groups ?? {}
  if (number && direction) return { number: BigInt(number), direction }
  throw unclear(
    `${path} is not named like 0007_what.up.sql, so golang-migrate passes over it.`,
    'Rename it, or move it elsewhere.',
  )
}
