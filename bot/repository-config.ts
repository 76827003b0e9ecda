import { CONFIG_PATH, type Config, type DatabaseConfig, parseConfig } from '../src/deploy/config.ts'
import { isSourceFile, sourceFolder } from '../src/deploy/source-files.ts'
import { filesDigest } from '../src/deploy/submission.ts'
import { Refusal } from '../src/errors.ts'
import type { RepositoryClient } from './projector/github.ts'

/**
 * The config file of the default branch; null when there is none. A pull request's own copy is not read,
 * because it could widen the rights of its author.
 *
 * @throws {Refusal} CONFIG_INVALID.
 */
export async function findRepositoryConfig(client: RepositoryClient): Promise<Config | null> {
  const text = await client.readDefaultFile(CONFIG_PATH)
  return text === null ? null : parseConfig(text)
}

/**
 * The settings of one database.
 *
 * @throws {Refusal} CONFIG_INVALID when the default branch does not configure it.
 */
export async function readDatabaseConfig(
  client: RepositoryClient,
  database: string,
): Promise<DatabaseConfig> {
  const config = await findRepositoryConfig(client)
  const found = config && Object.hasOwn(config.databases, database) && config.databases[database]
  if (found) return found
  throw new Refusal(
    'CONFIG_INVALID',
    `The default branch does not configure the database ${database}.`,
    { next: `Merge ${CONFIG_PATH} with this database into the default branch first.` },
  )
}

/** Whether a path of a commit belongs to the wanted schema of a database. */
export function isSchemaPath({ source }: DatabaseConfig, path: string): boolean {
  return isSourceFile(source, path)
}

/**
 * The databases whose schema a pull request may change, by name; none without a config file. One that comes
 * from a live development database is always among them, because its files say nothing.
 */
export async function listTouchedDatabases(
  client: RepositoryClient,
  pullRequest: number,
): Promise<readonly string[]> {
  const config = await findRepositoryConfig(client)
  if (!config) return []
  const paths = await client.listChangedFiles(pullRequest)
  return Object.entries(config.databases)
    .filter(
      ([, database]) =>
        database.source.kind === 'database' || paths.some((path) => isSchemaPath(database, path)),
    )
    .map(([name]) => name)
}

/** The digest of a database's schema files at a commit, as the Action makes it; null when it cannot be told. */
export async function readFilesDigest(
  client: RepositoryClient,
  config: DatabaseConfig,
  commitSha: string,
): Promise<string | null> {
  if (config.source.kind === 'database') return null
  const files = await client.listFiles(commitSha, sourceFolder(config.source))
  return files && filesDigest(files.filter(({ path }) => isSchemaPath(config, path)))
}
