import type { Failure } from '../deploy/deployment.ts'
import { code, type Markdown, md, sentence, shorten } from './markdown.ts'

/** As long as a message may be before it is cut. */
const MOST = 800

/** A problem in two lines: what is the case under its code, and what to do. */
export function renderFailure({ code: name, message, next }: Failure): Markdown {
  return md`${code(name)} ${sentence(shorten(message, MOST))}\n→ ${sentence(shorten(next, MOST))}`
}
