/** A file below a migrations folder. */
export type MigrationFile = {
  /** As people find it: with the folder before it. */
  readonly path: string
  /** Below the folder, parted by `/`. */
  readonly name: string
  readonly text: string
}

/**
 * What of a migration file is run. Everything else is white space here, so that places in `text` are those of the file.
 */
export type Script = {
  readonly file: string
  readonly text: string
  /** Parts that are one statement each, whatever semicolons are in them. */
  readonly whole: readonly Range[]
}

/** From `start` up to, not including, `end`. */
export type Range = { readonly start: number; readonly end: number }

/** A file all of which is run. */
export function scriptOf({ path, text }: MigrationFile): Script {
  return { file: path, text, whole: [] }
}

/** `text` with everything outside the range made white space of the same shape. */
export function keepOnly(text: string, { start, end }: Range): string {
  return blank(text.slice(0, start)) + text.slice(start, end) + blank(text.slice(end))
}

/** White space of the same shape. */
export function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of the folder that `path` lies in; empty for none. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Whether a file below a migrations folder says something about the order or content of the migrations. */
export function isMigrationFile(path: string): boolean {
  const name = baseName(path)
  return /\.sql$/i.test(name) || name === '_journal.json' || name === 'migration_lock.toml'
}
