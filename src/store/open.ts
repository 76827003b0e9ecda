import { Kysely, MysqlDialect, sql } from 'kysely'
import { createPool } from 'mysql2'
import { Refusal } from '../errors.ts'
import { driverOptions, parseTarget, refusalOf, type Target } from '../mysql/connect.ts'
import type { Database, Store } from './database.ts'
import { statements as firstTables } from './migrations/0001-first-tables.ts'
import { statements as reviews } from './migrations/0002-reviews.ts'

/** Every migration in its order; a number is never given twice and a migration that was released never edited. */
const MIGRATIONS = [
  { number: 1, name: 'first-tables', statements: firstTables },
  { number: 2, name: 'reviews', statements: reviews },
] as const

/** How long a start waits for another process that is migrating. */
const MIGRATION_LOCK_SECONDS = 60

/**
 * Connects to the bot's own database and brings its tables up to date. End it with `destroy()` or `await using`.
 *
 * @throws {Refusal} BAD_URL, DATABASE_UNREACHABLE, ACCESS_DENIED or DATABASE_MISSING; STORE_NEWER when a
 *   newer version has migrated it.
 */
export async function openStore(url: string): Promise<Store> {
  const target = parseTarget(url)
  if (target.schema === null) {
    throw new Refusal('BAD_URL', 'The URL of the store names no schema.', {
      next: 'Write the schema’s name at its end: mysql://user:password@host:3306/crossfade.',
    })
  }
  const store = connectStore(target)
  try {
    await migrate(store)
    return store
  } catch (error) {
    await store.destroy()
    throw refusalOf(error) ?? error
  }
}

/** A pool whose sessions are strict, in UTC, and read what is committed; times come as `Date`. */
function connectStore(target: Target): Store {
  const pool = createPool({
    ...driverOptions(target),
    dateStrings: false,
    bigNumberStrings: false,
    timezone: 'Z',
    connectionLimit: 8,
  })
  pool.on('connection', (connection) => {
    // What goes wrong here is seen by the first statement that uses the connection.
    connection.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'", ignore)
    connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', ignore)
    connection.query("SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 10", ignore)
  })
  return new Kysely<Database>({ dialect: new MysqlDialect({ pool }) })
}

function ignore(): void {}

/** One process migrates at a time; the others find the work done. */
async function migrate(store: Store): Promise<void> {
  await store.connection().execute(async (connection) => {
    const lock = sql`CONCAT('crossfade store ', LEFT(SHA2(DATABASE(), 256), 40))`
    const taken = await sql<{ taken: number | null }>`
      SELECT GET_LOCK(${lock}, ${MIGRATION_LOCK_SECONDS}) AS taken`.execute(connection)
    if (taken.rows[0]?.taken !== 1) {
      throw new Refusal('DATABASE_UNREACHABLE', 'Another process is still migrating the store.', {
        next: 'Wait until it is done, then start again.',
      })
    }
    try {
      await applyMissing(connection)
    } finally {
      await sql`DO RELEASE_LOCK(${lock})`.execute(connection)
    }
  })
}

async function applyMissing(store: Store): Promise<void> {
  await sql`CREATE TABLE IF NOT EXISTS migration (
    number INT NOT NULL,
    name VARCHAR(100) NOT NULL,
    applied_at DATETIME(3) NOT NULL,
    PRIMARY KEY (number)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`.execute(store)
  const applied = new Set(
    (await store.selectFrom('migration').select('number').execute()).map(({ number }) => number),
  )
  const newest = MIGRATIONS.at(-1)?.number ?? 0
  if (Math.max(0, ...applied) > newest) {
    throw new Refusal(
      'STORE_NEWER',
      `The store has migration ${Math.max(...applied)}, this version knows ${newest}.`,
      { next: 'Start the newer version, or give this one a store of its own.' },
    )
  }
  for (const { number, name, statements } of MIGRATIONS) {
    if (applied.has(number)) continue
    for (const statement of statements) await statement.execute(store)
    await store
      .insertInto('migration')
      .values({ number, name, applied_at: sql<Date>`UTC_TIMESTAMP(3)` as never })
      .execute()
  }
}
