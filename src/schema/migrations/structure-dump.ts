import { isDump } from '../file/dump.ts'
import { baseName, type MigrationFile, type Script, scriptOf } from './migration-file.ts'
import { unclear } from './unclear.ts'

/** Rails keeps the schema as a dump in `structure.sql`; any other dump is read in the same way. */
export function isStructureDump({ name, text }: MigrationFile): boolean {
  return /(?:^|_)structure\.sql$/.test(baseName(name)) || isDump(text)
}

/** @throws {Refusal} MIGRATIONS_UNCLEAR when there are other SQL files. */
export function orderStructureDump(files: readonly MigrationFile[]): Script[] {
  const [dump, other] = files.filter(({ name }) => /\.sql$/i.test(name))
  if (!dump) return []
  if (!other) return [scriptOf(dump)]
  throw unclear(
    `${dump.path} and ${other.path} lie beside each other, so nobody can tell which says what the schema is.`,
    'Name the file itself, or a folder with nothing else.',
  )
}
