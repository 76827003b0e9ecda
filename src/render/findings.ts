import { countLevels, type LintResult } from '../lint/lint.ts'
import type { Finding } from '../lint/rule.ts'
import { placeName } from '../schema/place.ts'
import { blocks, code, details, join, type Markdown, md, NOTHING, sentence } from './markdown.ts'

/** As many findings as are shown unfolded, and at all. */
const MOST_OPEN = 10
const MOST = 50

const MARKS = { error: md`❌`, warning: md`⚠️`, info: md`ℹ️` } as const

/** Stands for findings for which there is no room. */
export function countFindings({ findings, accepted }: LintResult): Markdown {
  if (findings.length === 0) return NOTHING
  const { error, warning, info } = countLevels(findings)
  return md`**Lint:** errors: ${error} · warnings: ${warning} · infos: ${info} · accepted in the files: ${accepted.length}`
}

/** What lint says of a change: errors and warnings for all to see, the rest folded away. */
export function renderFindings(result: LintResult): Markdown {
  const { findings } = result
  const urgent = findings.filter(({ level }) => level !== 'info')
  const open = urgent.slice(0, MOST_OPEN)
  const folded = findings.filter((finding) => !open.includes(finding))
  const label = open.length === 0 ? md`Findings` : md`Further findings`
  return blocks([
    countFindings(result),
    list(open),
    folded.length === 0 ? NOTHING : details(md`${label}: ${folded.length}`, listSome(folded)),
  ])
}

function listSome(findings: readonly Finding[]): Markdown {
  const left = findings.length - MOST
  return blocks([
    list(findings.slice(0, MOST)),
    left > 0 ? md`… and ${left} more; \`crossfade lint\` shows them all.` : NOTHING,
  ])
}

function list(findings: readonly Finding[]): Markdown {
  return join(findings.map(item), md`\n`)
}

function item({ level, rule, message, fix, place }: Finding): Markdown {
  const where = place ? md` · ${code(placeName(place))}` : NOTHING
  return md`- ${MARKS[level]} ${code(rule)}${where}\n  ${sentence(message)}\n  → ${sentence(fix)}`
}
