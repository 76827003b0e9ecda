import { Refusal } from '../errors.ts'
import { errnoOf, isDiskFull } from '../mysql/errno.ts'
import type { EngineFailure } from './port.ts'

/** An error that means that the server has no room, as the DISK_FULL that it is; any other as it is. */
export function asDiskFull(error: unknown): unknown {
  if (!isDiskFull(error)) return error
  return new Refusal(
    'DISK_FULL',
    `The server has no room for the copy (error ${errnoOf(error)}).`,
    {
      next: 'Free space where the server keeps its tables and its binary log, twice the size of the tables and of their indexes, then deploy again.',
      cause: error,
    },
  )
}

/** Whether an error is what {@link asDiskFull} makes. */
export function saysDiskFull(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'DISK_FULL'
}

/** Why a deployment failed, as it may be shown to anybody: of a server's error its number, never its text. */
export function failureOf(error: unknown): EngineFailure {
  if (error instanceof Refusal) {
    const { code, message, next } = error
    return { code, message, next }
  }
  const errno = errnoOf(error)
  const name = error instanceof Error ? error.name : 'unknown'
  const what = errno === null ? name : `the server refused a statement with error ${errno}`
  return {
    code: 'INTERNAL',
    message: `Internal error: ${what}.`,
    next: 'Report this as a defect of Crossfade, with its log.',
  }
}
