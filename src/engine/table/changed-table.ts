import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf } from '../../mysql/errno.ts'

/** 1412: the definition has changed since the transaction's snapshot. */
const GONE_OR_CHANGED: readonly (number | null)[] = [
  ERRNO.UNKNOWN_DATABASE,
  ERRNO.BAD_FIELD,
  ERRNO.NO_SUCH_TABLE,
  ERRNO.DEFINITION_CHANGED,
]

/**
 * An error of a run that only somebody's DDL explains, as the TABLE_CHANGED that it means; any other as it is. The
 * change stream says so too and names the statement, but what reads the tables can come upon it first. The tables could
 * be paired when the deployment began, so that they cannot be any more has the same cause.
 */
export function asTableChanged(error: unknown): unknown {
  const isUnpaired = error instanceof Refusal && error.code === 'NO_UNIQUE_KEY'
  const errno = errnoOf(error)
  if (!isUnpaired && !GONE_OR_CHANGED.includes(errno)) return error
  const said = isUnpaired ? error.message : `Error ${errno}.`
  return new Refusal(
    'TABLE_CHANGED',
    `Somebody else changed or dropped a table while it was deployed. ${said}`,
    { next: 'Start a new deployment from the table as it is now.', cause: error },
  )
}
