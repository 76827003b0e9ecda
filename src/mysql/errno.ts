/**
 * Error numbers by name. MySQL: https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html;
 * MariaDB: https://mariadb.com/docs/server/reference/error-codes.
 */
export const ERRNO = {
  CANNOT_CREATE_TABLE: 1005,
  STORAGE_ENGINE: 1030,
  DATABASE_ACCESS_DENIED: 1044,
  ACCESS_DENIED: 1045,
  COLUMN_NULL: 1048,
  UNKNOWN_DATABASE: 1049,
  TABLE_EXISTS: 1050,
  BAD_FIELD: 1054,
  DUPLICATE_COLUMN: 1060,
  DUPLICATE_ENTRY: 1062,
  PARSE_ERROR: 1064,
  NO_SUCH_THREAD: 1094,
  KILL_DENIED: 1095,
  UNKNOWN_TABLE: 1109,
  INVALID_USE_OF_NULL: 1138,
  NO_SUCH_TABLE: 1146,
  COMMAND_DENIED: 1142,
  LOCK_WAIT_TIMEOUT: 1205,
  DEADLOCK: 1213,
  WRONG_USAGE: 1221,
  SPECIFIC_ACCESS_DENIED: 1227,
  LOG_PURGED: 1236,
  OUT_OF_RANGE: 1264,
  DATA_TRUNCATED: 1265,
  OPTION_PREVENTS_STATEMENT: 1290,
  INTERRUPTED: 1317,
  WRONG_OBJECT: 1347,
  NO_DEFAULT: 1364,
  DATA_TOO_LONG: 1406,
  DEFINITION_CHANGED: 1412,
  UNSAFE_FUNCTION: 1674,
  ONE_FULLTEXT_AT_A_TIME: 1795,
  READ_ONLY_MODE: 1836,
  ALGORITHM_UNSUPPORTED: 1845,
  ALGORITHM_UNSUPPORTED_REASON: 1846,
  /** MariaDB: max_statement_time. */
  STATEMENT_TIMEOUT: 1969,
  /** MySQL: max_execution_time. */
  QUERY_TIMEOUT: 3024,
  LOCK_NOWAIT: 3572,
  INSTANT_ROW_SIZE: 4080,
  ROW_VERSIONS: 4092,
} as const

/** The server's error number, or null when `error` did not come from the server. */
export function errnoOf(error: unknown): number | null {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    return error.errno > 0 ? error.errno : null
  }
  return null
}

/** The operating system's or the driver's code (`ECONNREFUSED`, `PROTOCOL_CONNECTION_LOST`), or null. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null
}

/** Another session holds a row that `NOWAIT` asked for: 3572 on MySQL, 1205 on MariaDB. */
export function isRowLocked(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === ERRNO.LOCK_NOWAIT || errno === ERRNO.LOCK_WAIT_TIMEOUT
}

/** The transaction was rolled back or timed out because of other sessions; doing it again is safe. */
export function isContention(error: unknown): boolean {
  return isRowLocked(error) || errnoOf(error) === ERRNO.DEADLOCK
}

/** The account may not do what it tried. */
export function isDenied(error: unknown): boolean {
  const errno = errnoOf(error)
  return (
    errno === ERRNO.DATABASE_ACCESS_DENIED ||
    errno === ERRNO.COMMAND_DENIED ||
    errno === ERRNO.SPECIFIC_ACCESS_DENIED
  )
}

const LOST = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
])

/** 1053 shutdown in progress, 1927 killed (MariaDB), 2006/2013 gone, 4031 idle too long. */
const LOST_ERRNO = new Set([1053, 1927, 2006, 2013, 3169, 4031])

/** The connection is gone: whether the last statement happened is not known. */
export function isConnectionLost(error: unknown): boolean {
  const errno = errnoOf(error)
  if (errno !== null) return LOST_ERRNO.has(errno)
  const message = error instanceof Error ? error.message : ''
  return LOST.has(codeOf(error) ?? '') || message.includes('closed state')
}

/**
 * Too many connections (of all, of an account, of an hour), a host that is blocked for a while, 3168 a server that is
 * just starting or stopping.
 */
const NO_ROOM = new Set([1040, 1129, 1203, 1226, 3168])

/** The server lets nobody in now, or us not; that passes. */
export function isFull(error: unknown): boolean {
  return NO_ROOM.has(errnoOf(error) ?? 0)
}

/**
 * The server does not do now what it could do before and will do again: the connection is lost, there is no room for
 * one, somebody has interrupted the statement (1317), or the server takes no writes while another takes over
 * (1290, 1836).
 */
export function isAway(error: unknown): boolean {
  const errno = errnoOf(error)
  return (
    isConnectionLost(error) ||
    isFull(error) ||
    errno === ERRNO.INTERRUPTED ||
    errno === ERRNO.OPTION_PREVENTS_STATEMENT ||
    errno === ERRNO.READ_ONLY_MODE
  )
}

/** 1021 and 1114 no room, 1026 a file that cannot be written on, as 3 of a temporary one. */
const DISK_FULL = new Set([3, 1021, 1026, 1114])

/** The server has no room for what it was to write: on its disk, or in a tablespace that cannot grow. */
export function isDiskFull(error: unknown): boolean {
  const errno = errnoOf(error)
  if (DISK_FULL.has(errno ?? 0)) return true
  // What the storage engine says is a number of the operating system: 28 is ENOSPC.
  const isOfEngine = errno === ERRNO.STORAGE_ENGINE && error instanceof Error
  return isOfEngine && /\b28\b/.test(error.message)
}

/**
 * A value of an existing row that the other schema cannot hold, by error number: out of range, too long,
 * truncated, NULL under NOT NULL, invalid JSON or date, missing default, CHECK violated, no partition.
 */
const VALUE_ERRNO: Readonly<Record<number, string>> = {
  1048: 'NULL under NOT NULL',
  1118: 'a row too large for a page',
  1138: 'NULL under NOT NULL',
  1264: 'a number out of range',
  1265: 'a value that would be truncated',
  1292: 'a value of the wrong form',
  1300: 'a text that its charset does not know',
  1364: 'a column without default',
  1366: 'a value the column cannot hold',
  1406: 'a text too long',
  1411: 'a value of the wrong form',
  1416: 'a value that is no geometry',
  1526: 'a value no partition takes',
  1690: 'a number out of range',
  3140: 'invalid JSON',
  3141: 'invalid JSON',
  3156: 'a JSON value that does not become the type',
  3616: 'a longitude out of range',
  3617: 'a latitude out of range',
  3643: 'a geometry of another SRID',
  3751: 'a value that its index cannot hold',
  3752: 'a value that its index cannot hold',
  3819: 'a value that violates a CHECK',
  3854: 'a value that violates a CHECK',
  3903: 'a value that its index cannot hold',
  3907: 'a value that its index cannot hold',
  4025: 'a value that violates a CHECK',
  6136: 'a value that is no vector',
}

/** Why a row does not fit the schema it is written to, in words without its values; null for other errors. */
export function valueErrorOf(error: unknown): string | null {
  return VALUE_ERRNO[errnoOf(error) ?? 0] ?? null
}
