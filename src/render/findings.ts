import type { Review } from '../deploy/review.ts'
import { countLevels, type LintResult } from '../lint/lint.ts'
import type { Finding } from '../lint/rule.ts'
import { placeName } from '../schema/place.ts'
import {
  blocks,
  code,
  details,
  join,
  type Markdown,
  md,
  NOTHING,
  sentence,
  text,
} from './markdown.ts'

/** As many findings as are shown unfolded, and at all. */
const MOST_OPEN = 10
const MOST = 50

const MARKS = { error: md`❌`, warning: md`⚠️`, info: md`ℹ️` } as const

/** Stands for findings for which there is no room. */
export function countFindings({ findings, accepted }: LintResult): Markdown {
  if (findings.length + accepted.length === 0) return NOTHING
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

/** What lint says of a plan, and who accepted which of it for that plan. */
export function renderReviewed(review: Review): Markdown {
  return blocks([renderFindings(openOf(review)), renderAcceptances(review)])
}

/** Stands for {@link renderReviewed} when there is no room. */
export function countReviewed(review: Review): Markdown {
  return countFindings(openOf(review))
}

/** The findings that somebody accepted in a comment are said under who did. */
function openOf({ lint, acceptances }: Review): LintResult {
  const isOpen = ({ rule }: Finding) => acceptances.every((given) => given.rule !== rule)
  return { ...lint, findings: lint.findings.filter(isOpen) }
}

/**
 * What the author of the pull request accepted is for all to see where it would hold the deployment up: the bot was told that
 * it stands in the files and cannot look itself.
 */
function renderAcceptances({ lint, acceptances }: Review): Markdown {
  const errors = lint.accepted.filter(({ finding }) => finding.level === 'error')
  const others = lint.accepted.filter(({ finding }) => finding.level !== 'error')
  return blocks([
    join(
      errors
        .slice(0, MOST_OPEN)
        .map(
          ({ finding, reason }) =>
            md`- ⚠️ ${code(finding.rule)} of ${code(finding.table)} is an error that the pull request accepts: ${text(reason)}\n  ${sentence(finding.message)}`,
        ),
      md`\n`,
    ),
    foldAcceptances([...errors.slice(MOST_OPEN), ...others], acceptances),
  ])
}

function foldAcceptances(
  accepted: LintResult['accepted'],
  acceptances: Review['acceptances'],
): Markdown {
  const inFiles = accepted.map(
    ({ finding: { rule, table }, reason }) =>
      md`- ${code(rule)} of ${code(table)}, in its file: ${text(reason)}`,
  )
  const here = acceptances.map(
    ({ rule, reason, by }) => md`- ${code(rule)} by ${code(by)}, for this plan: ${text(reason)}`,
  )
  const lines = [...here, ...inFiles]
  if (lines.length === 0) return NOTHING
  const left = lines.length - MOST
  const more = left > 0 ? [md`- … and ${left} more`] : []
  return details(
    md`Accepted findings: ${lines.length}`,
    join([...lines.slice(0, MOST), ...more], md`\n`),
  )
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
