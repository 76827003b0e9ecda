import { type RawBuilder, sql } from 'kysely'
import { type ConnectionOptions, createConnection } from 'mysql2/promise'
import { Refusal } from '../errors.ts'
import { codeOf, ERRNO, errnoOf, isConnectionLost, isFull } from './errno.ts'
import { Session } from './session.ts'

/** A schema on a server, read from a URL. Holds a password: never log it, never put it in a message. */
export type Target = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The schema, or null when the URL names none. */
  readonly schema: string | null
  readonly tls: 'off' | 'on' | 'verify'
}

const TLS = ['off', 'on', 'verify'] as const

/**
 * Reads `mysql://user:password@host:port/schema?tls=off|on|verify`. `mariadb://` is the same.
 * `tls=on` encrypts without checking the server's certificate; the default is `off` for a loopback host, else `verify`.
 *
 * @throws {Refusal} BAD_URL with what is wrong, never with the URL itself.
 */
export function parseTarget(url: string): Target {
  const refuse = (what: string, cause?: unknown) =>
    new Refusal('BAD_URL', `The database URL ${what}.`, {
      cause,
      next: 'Write it as mysql://user:password@host:3306/schema, with special characters of the password percent-encoded.',
    })
  if (!URL.canParse(url)) throw refuse('is not a URL')
  const parsed = new URL(url)
  if (!['mysql:', 'mariadb:'].includes(parsed.protocol)) {
    throw refuse(`starts with ${parsed.protocol}// instead of mysql://`)
  }
  if (!parsed.hostname) throw refuse('names no host')
  const unknown = [...parsed.searchParams.keys()].find((name) => name !== 'tls')
  if (unknown) throw refuse(`has the unknown option ${unknown}`)
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const loopback = host === 'localhost' || host === '::1' || host.startsWith('127.')
  const wanted = parsed.searchParams.get('tls') ?? (loopback ? 'off' : 'verify')
  const tls = TLS.find((mode) => mode === wanted)
  if (!tls) throw refuse('has a tls option other than off, on or verify')
  return {
    host,
    port: Number(parsed.port || 3306),
    user: decode(parsed.username, refuse),
    password: decode(parsed.password, refuse),
    schema: decode(parsed.pathname.slice(1), refuse) || null,
    tls,
  }
}

function decode(text: string, refuse: (what: string, cause: unknown) => Refusal): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw refuse('has a percent sign that is not an escape', error)
  }
}

/** The driver's options for `target`; `multipleStatements` and LOCAL INFILE stay off for every connection. */
export function driverOptions(target: Target): ConnectionOptions {
  return {
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    ...(target.schema === null ? {} : { database: target.schema }),
    ...(target.tls === 'off' ? {} : { ssl: { rejectUnauthorized: target.tls === 'verify' } }),
    charset: 'utf8mb4',
    connectTimeout: 10_000,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    multipleStatements: false,
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'crossfade' },
  }
}

/**
 * The settings that the engine's proofs rely on.
 *
 * - sql_mode is strict, so that a value that does not fit is an error and never a warning. Zero and invalid
 *   dates are allowed because rows that hold them must be copied as they are. NO_AUTO_VALUE_ON_ZERO keeps an id 0.
 * - READ COMMITTED takes no gap locks, so that a chunk never blocks an insert beside it.
 * - time_zone +00:00 makes TIMESTAMP values comparable as text and avoids the hour that daylight saving repeats.
 * - in_predicate_conversion_threshold, which only MariaDB has and reads, is off: a long list would become a temporary
 *   table, which is not among the locked ones.
 * - lock_wait_timeout bounds how long our waiting for a metadata lock can hold up the application.
 */
const SETTINGS: readonly RawBuilder<unknown>[] = [
  sql`SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'`,
  sql`SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`,
  sql`SET SESSION time_zone = '+00:00', lock_wait_timeout = 3, innodb_lock_wait_timeout = 5, foreign_key_checks = 0, wait_timeout = 604800
    /*M! , in_predicate_conversion_threshold = 0 */`,
]

/**
 * Opens a session with the settings above.
 *
 * @throws {Refusal} DATABASE_UNREACHABLE, ACCESS_DENIED or DATABASE_MISSING.
 */
export async function connect(target: Target): Promise<Session> {
  const session = await open(target)
  try {
    for (const setting of SETTINGS) await session.run(setting)
    return session
  } catch (error) {
    session.destroy()
    throw error
  }
}

async function open(target: Target): Promise<Session> {
  try {
    return new Session(await createConnection(driverOptions(target)))
  } catch (error) {
    throw refusalOf(error) ?? error
  }
}

/** What a failed connection means to a person, or null when it is not one of the known failures. */
export function refusalOf(error: unknown): Refusal | null {
  const errno = errnoOf(error)
  if (errno === ERRNO.ACCESS_DENIED || errno === ERRNO.DATABASE_ACCESS_DENIED) {
    return new Refusal('ACCESS_DENIED', 'The database refused the user or the password.', {
      next: 'Check user and password in the database URL, and that the account may log in from this host.',
      cause: error,
    })
  }
  if (errno === ERRNO.UNKNOWN_DATABASE) {
    return new Refusal('DATABASE_MISSING', 'The schema named in the database URL does not exist.', {
      next: 'Check the last part of the URL, or create the schema first.',
      cause: error,
    })
  }
  if (isConnectionLost(error) || isFull(error) || codeOf(error) === 'EAI_AGAIN') {
    const reason = codeOf(error) ?? 'no answer'
    return new Refusal('DATABASE_UNREACHABLE', `The database server does not answer (${reason}).`, {
      next: 'Check host and port in the database URL, and that the server runs.',
      cause: error,
    })
  }
  return null
}
