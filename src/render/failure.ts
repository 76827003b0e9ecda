import type { Failure } from '../deploy/deployment.ts'
import { code, type Markdown, md, sentence } from './markdown.ts'

/** As many problems as are shown at once. */
export const MOST_FAILURES = 5

/** A problem in two lines: what is the case under its code, and what to do. */
export function renderFailure({ code: name, message, next }: Failure): Markdown {
  return md`${code(name)} ${sentence(message)}\n→ ${sentence(next)}`
}
