import { error, notice, warning } from '@actions/core'
import type { Finding } from '../src/lint/rule.ts'
import { inert } from './log.ts'

/** GitHub shows ten of a kind and step. */
const MOST = 10

const SHOW = { error, warning, info: notice } as const

/** Shows findings at their lines of the pull request, the worst first. One that is an error fails the step. */
export function annotateFindings(findings: readonly Finding[]): void {
  for (const level of ['error', 'warning', 'info'] as const) {
    const found = findings.filter((finding) => finding.level === level)
    if (level === 'error' && found.length > 0) process.exitCode = 1
    for (const { rule, message, fix, place } of found.slice(0, MOST)) {
      SHOW[level](inert(`${message}\n${fix}`), {
        title: rule,
        ...(place && { file: place.file, startLine: place.line, startColumn: place.column }),
      })
    }
  }
}
