import { type ErrorCode, Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, valueErrorOf } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import type { TablePair } from '../table/pair.ts'
import { countDuplicates, countUnfit } from './affected-rows.ts'

/**
 * What a failed write of rows means to a person, or null when the rows are not to blame. The server's own text
 * holds row values, so only names that the table really has are taken from it.
 *
 * @param rows how many rows are to blame; null when nobody counted them.
 */
export function dataRefusal(
  error: unknown,
  pair: TablePair,
  rows: number | null = null,
): Refusal | null {
  const table = pair.source.name
  const age = pair.write === 'update_insert' ? 'old' : 'new'
  if (errnoOf(error) === ERRNO.DUPLICATE_ENTRY) {
    const key = keyNamed(error, pair)
    return refusal('DUPLICATE_KEY', error, {
      message: `${rows === null ? 'Rows' : `${rows} rows`} of ${table} have equal values for the unique key ${key ?? '(unknown)'} of the ${age} schema.`,
      next: `Remove the duplicates from ${table}, then deploy again.`,
    })
  }
  const reason = valueErrorOf(error)
  if (reason === null) return null
  const column = columnNamed(error, pair)
  const place = column ? `column ${column} of ` : ''
  const what = rows === null || rows === 1 ? 'A row does' : `${rows} rows do`
  return refusal('VALUE_DOES_NOT_FIT', error, {
    message: `${what} not fit ${place}${table} in its ${age} form: ${reason} (error ${errnoOf(error)}).`,
    next: `Correct the rows, or choose a type for ${column ? `${table}.${column}` : 'the column'} that holds them.`,
  })
}

/** {@link dataRefusal} with the number of rows, where the server can count them soon; any other error as it is. */
export async function countedError(
  session: Session,
  pair: TablePair,
  error: unknown,
): Promise<unknown> {
  const plain = dataRefusal(error, pair)
  if (plain === null) return error
  try {
    return dataRefusal(error, pair, await countRows(session, pair, error))
  } catch {
    // The reason is known; that the rows could not be counted too would only hide it.
    return plain
  }
}

async function countRows(
  session: Session,
  pair: TablePair,
  error: unknown,
): Promise<number | null> {
  const errno = errnoOf(error)
  if (errno === ERRNO.DUPLICATE_ENTRY) {
    const key = keyNamed(error, pair)
    return key === null ? null : await countDuplicates(session, pair, key)
  }
  const column = columnNamed(error, pair)
  if (errno === null || column === null) return null
  return await countUnfit(session, pair, { column, errno })
}

function keyNamed(error: unknown, { target }: TablePair): string | null {
  const named = target.uniqueKeys.find(({ name }) => isNamedLast(messageOf(error), name))
  return named?.name ?? null
}

function columnNamed(error: unknown, { target }: TablePair): string | null {
  return target.columns.find(({ name }) => isNamed(messageOf(error), name))?.name ?? null
}

const ABOUT_ROWS: ReadonlySet<ErrorCode> = new Set([
  'DUPLICATE_KEY',
  'VALUE_DOES_NOT_FIT',
  'DRIFT_FOUND',
])

/** Whether rows are to blame for an error: only they close the way back, and no server that is away for a moment. */
export function isAboutRows(error: unknown): error is Refusal {
  return error instanceof Refusal && ABOUT_ROWS.has(error.code)
}

/** Some messages of MariaDB quote a column with its table before it, and name its CHECK after it. */
function isNamed(message: string, column: string): boolean {
  const ends = [`.\`${column}\` at row`, `.${column}\` failed`]
  return message.includes(`'${column}'`) || ends.some((end) => message.includes(end))
}

/** MySQL names the key with its table before it, MariaDB alone. */
function isNamedLast(message: string, key: string): boolean {
  return message.endsWith(`.${key}'`) || message.endsWith(` '${key}'`)
}

function refusal(
  code: ErrorCode,
  cause: unknown,
  { message, next }: { readonly message: string; readonly next: string },
): Refusal {
  return new Refusal(code, message, { next, cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
