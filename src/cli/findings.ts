import { countLevels, type LintResult } from '../lint/lint.ts'
import type { Finding } from '../lint/rule.ts'
import { placeName } from '../schema/place.ts'

/** A finding for people: where, how bad, by which rule; then what, and what to do. */
export function toText({ level, rule, place, message, fix }: Finding): string {
  const where = place ? `${placeName(place)}: ` : ''
  return `${where}${level} ${rule}\n  ${message}\n  → ${fix}`
}

/** All that was found, for machines. */
export function toJson({ findings, accepted }: LintResult) {
  return {
    findings,
    accepted: accepted.map(({ finding, reason }) => ({ ...finding, reason })),
    counts: countLevels(findings),
  }
}

const COMMANDS = { error: 'error', warning: 'warning', info: 'notice' } as const

/** A workflow command of GitHub Actions; nothing in a name can begin another one. */
export function toGitHub({ level, rule, place, message, fix }: Finding): string {
  const file = place
    ? [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`]
    : []
  const properties = [...file, `title=${property(rule)}`].join(',')
  return `::${COMMANDS[level]} ${properties}::${data(`${message}\n${fix}`)}`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
