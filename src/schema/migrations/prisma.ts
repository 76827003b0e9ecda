import { Refusal } from '../../errors.ts'
import { compareNames } from '../parse.ts'
import { printable } from '../place.ts'
import { baseName, folderOf, type MigrationFile, type Script, scriptOf } from './migration-file.ts'
import { requireOneFolder } from './numbered.ts'
import { unclear } from './unclear.ts'

/** Prisma keeps each migration as `migration.sql` in a folder of its own. */
export function isPrisma({ name }: MigrationFile): boolean {
  return baseName(name) === 'migration.sql' && folderOf(name) !== ''
}

/**
 * Prisma runs the folders in the order of their names, compared as text.
 *
 * @throws {Refusal} MIGRATIONS_UNCLEAR for other SQL files; CONFIG_INVALID when migration_lock.toml names another database.
 */
export function orderPrisma(files: readonly MigrationFile[]): Script[] {
  checkProvider(files)
  const migrations = files.filter(isPrisma)
  const stray = files.find((file) => /\.sql$/i.test(file.name) && !isPrisma(file))
  if (stray) {
    throw unclear(
      `${stray.path} is no migration.sql in a folder of its own, so Prisma passes over it.`,
      'Move it elsewhere, or into a folder of its own as migration.sql.',
    )
  }
  requireOneFolder(migrations.map((file) => ({ ...file, name: folderOf(file.name) })))
  return migrations
    .toSorted((a, b) => compareNames(folderOf(a.name), folderOf(b.name)))
    .map(scriptOf)
}

function checkProvider(files: readonly MigrationFile[]): void {
  const lock = files.find(({ name }) => baseName(name) === 'migration_lock.toml')
  const provider = /^\s*provider\s*=\s*"([^"]*)"/m.exec(lock?.text ?? '')?.[1] ?? 'mysql'
  if (provider === 'mysql') return
  const message = `${lock?.path} says that these migrations are for ${provider}.`
  throw new Refusal('CONFIG_INVALID', printable(message), {
    next: 'Name the migrations of a MySQL or MariaDB database.',
  })
}
