import { isSchemaFile } from '../schema/load.ts'
import { isMigrationFile } from '../schema/migrations/migration-file.ts'
import type { SchemaSource } from './config.ts'

/** Whether a path of a commit says something of the wanted schema. The Action and the bot have to agree. */
export function isSourceFile(source: SchemaSource, path: string): boolean {
  if (source.kind === 'database') return false
  const isWanted = source.kind === 'files' ? isSchemaFile : isMigrationFile
  if (path === source.path) return isWanted(path)
  const name = path.startsWith(`${source.path}/`) ? path.slice(source.path.length + 1) : null
  // Hidden files and folders are passed over, as on a disk.
  return name !== null && isWanted(path) && !name.split('/').some((part) => part.startsWith('.'))
}

/** The folder of a commit in which all files of a source lie; a source may also be one file. */
export function sourceFolder({ path }: Exclude<SchemaSource, { kind: 'database' }>): string {
  return isSchemaFile(path) ? path.slice(0, Math.max(0, path.lastIndexOf('/'))) : path
}
