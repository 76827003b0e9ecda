import { type ErrorCode, Refusal } from '../errors.ts'
import { ERRNO, errnoOf, valueErrorOf } from '../mysql/errno.ts'
import type { TablePair } from './pair.ts'

/**
 * What a failed write of rows means to a person, or null when the rows are not to blame. The server's own text
 * holds row values, so only names that the table really has are taken from it.
 */
export function dataRefusal(error: unknown, pair: TablePair): Refusal | null {
  const table = pair.source.name
  const age = pair.write === 'update_insert' ? 'old' : 'new'
  if (errnoOf(error) === ERRNO.DUPLICATE_ENTRY) {
    const key = pair.target.uniqueKeys.find(({ name }) => isNamedLast(messageOf(error), name))
    return refusal('DUPLICATE_KEY', error, {
      message: `Rows of ${table} have equal values for the unique key ${key?.name ?? '(unknown)'} of the ${age} schema.`,
      next: `Remove the duplicates from ${table}, then deploy again.`,
    })
  }
  const reason = valueErrorOf(error)
  if (reason === null) return null
  const column = pair.target.columns.find(({ name }) => isNamed(messageOf(error), name))
  const place = column ? `column ${column.name} of ` : ''
  return refusal('VALUE_DOES_NOT_FIT', error, {
    message: `A row does not fit ${place}${table} in its ${age} form: ${reason} (error ${errnoOf(error)}).`,
    next: `Correct the rows, or choose a type for ${column ? `${table}.${column.name}` : 'the column'} that holds them.`,
  })
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
