import { error as annotate, debug, setSecret } from '@actions/core'
import type { Failure } from '../src/deploy/deployment.ts'
import { Refusal } from '../src/errors.ts'
import { statusOf } from './github.ts'
import { readInputs, secretsIn } from './inputs.ts'
import { inert } from './log.ts'
import { open } from './open.ts'

/** The place that a refusal of a schema file starts with; the column is missing where the server did not tell. */
const PLACE = /^(?<file>[^\n:]+):(?<line>\d+)(?::(?<column>\d+))?: /

/** Runs the step; whatever goes wrong ends as a failed step and never as a stack trace. */
async function main(): Promise<void> {
  try {
    const inputs = readInputs()
    for (const secret of secretsIn(inputs)) setSecret(secret)
    for (const failure of await open(inputs)) fail(failure)
  } catch (error) {
    report(error)
  }
}

function report(error: unknown): void {
  if (error instanceof Refusal) {
    fail(error)
    return
  }
  process.exitCode = 1
  // The text of an error that is not ours may hold anything, so only those who ask for it see it.
  debug(inert(error instanceof Error ? (error.stack ?? error.message) : String(error)))
  const status = statusOf(error)
  annotate(
    status === null
      ? 'Internal error. Run the job again with debug logging and report what it says.'
      : `GitHub answered with HTTP ${status}. Check that the job has \`permissions: contents: read\` and that GitHub is up, then run it again.`,
  )
}

/** Fails the step with a reason that a person can act on. */
function fail({ code, message, next }: Pick<Failure, 'code' | 'message' | 'next'>): void {
  process.exitCode = 1
  annotate(inert(`${code}: ${message}\n${next}`), placeIn(message))
}

/** Where in the repository the annotation belongs; the step itself when the message names no place. */
function placeIn(message: string) {
  const { file, line, column } = PLACE.exec(message)?.groups ?? {}
  if (!file) return {}
  return { file, startLine: Number(line), ...(column && { startColumn: Number(column) }) }
}

await main()
