import { info } from '@actions/core'

/**
 * `untrusted` as text that the runner takes for log lines and never for commands to it.
 *
 * The runner obeys `::command::` at the start of a line, also behind blanks, and the older `##[command]` anywhere
 * in it; a carriage return starts a line too.
 */
export function inert(untrusted: string): string {
  return untrusted
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\t' ? char : '')))
    .map((line) => line.replaceAll('##[', '# #['))
    .map((line) => (line.trimStart().startsWith('::') ? `| ${line}` : line))
    .join('\n')
}

/** Logs text that may hold words of strangers. */
export function log(untrusted: string): void {
  info(inert(untrusted))
}
