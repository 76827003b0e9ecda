import { Refusal } from '../src/errors.ts'

/** Where the schema of one database is developed, and where that started from. Holds passwords: never log it. */
export type DatabaseUrls = { readonly wanted: string; readonly base: string }

/** URLs by the name of the database in the config file; null names the only one. */
export type NamedUrls = ReadonlyMap<string | null, string>

const LINE = /^(?:([A-Za-z0-9][A-Za-z0-9_-]*):\s+)?([a-z][a-z\d+.-]*:\/\/\S+)$/

/**
 * Reads an input that holds one URL, or a line `name: URL` for each database.
 *
 * @throws {Refusal} INPUT_INVALID with the name of the input, and nothing of what it holds.
 */
export function parseNamedUrls(input: string, text: string): NamedUrls {
  const lines = text.split('\n').map((line) => line.trim())
  const urls = new Map<string | null, string>()
  for (const line of lines.filter((written) => written !== '')) {
    const [, name = null, url] = LINE.exec(line) ?? []
    if (url === undefined || urls.has(name)) {
      throw new Refusal('INPUT_INVALID', `The input ${input} has a line that is no database URL.`, {
        next: 'Write mysql://user:password@host:3306/schema, or a line `name: URL` for each database.',
      })
    }
    urls.set(name, url)
  }
  return urls
}

/**
 * The URLs of a database whose config says `source: database`.
 *
 * @throws {Refusal} INPUT_INVALID when one is missing.
 */
export function findUrls(
  database: string,
  { databaseUrls, baseUrls }: { readonly databaseUrls: NamedUrls; readonly baseUrls: NamedUrls },
): DatabaseUrls {
  const find = (urls: NamedUrls) => urls.get(database) ?? urls.get(null)
  const [wanted, base] = [find(databaseUrls), find(baseUrls)]
  if (wanted === undefined) {
    throw missing(
      'database-url',
      database,
      'Give it the URL of the development database, from a secret.',
    )
  }
  if (base === undefined) {
    throw missing(
      'base-url',
      database,
      'Give it the URL of the database that the development database was made from, such as that of the default branch: what the two differ in is the change.',
    )
  }
  return { wanted, base }
}

function missing(input: string, database: string, next: string): Refusal {
  const message = `The schema of ${database} comes from a database, and the input ${input} does not say where it is.`
  return new Refusal('INPUT_INVALID', message, { next })
}
