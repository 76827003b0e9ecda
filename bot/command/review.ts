import { openErrors, type Review } from '../../src/deploy/review.ts'
import { Refusal } from '../../src/errors.ts'
import { listed } from '../../src/lint/rule.ts'

/**
 * What lint calls an error keeps a plan from starting until somebody says why it may stand.
 *
 * @throws {Refusal} LINT_ERROR naming the rules.
 */
export function requireNoErrors(review: Review): void {
  const errors = openErrors(review)
  const [first] = errors
  if (!first) return
  const what = errors.length === 1 ? 'an error' : `${errors.length} errors`
  throw new Refusal(
    'LINT_ERROR',
    `Lint found ${what} that nobody has accepted: ${rulesOf(errors)}.`,
    {
      next: `Mend the schema and push, or say why it may stand: \`/accept ${first.rule} <reason>\`.`,
    },
  )
}

/**
 * Only what was found can be accepted, so that nobody believes a mistyped rule to be accepted.
 *
 * @throws {Refusal} NOT_FOUND naming the rules that found something.
 */
export function requireFinding(review: Review | null, rule: string): void {
  const findings = review?.lint.findings ?? []
  if (findings.some((finding) => finding.rule === rule)) return
  throw new Refusal('NOT_FOUND', `Lint has no finding of the rule \`${rule}\` in this plan.`, {
    next:
      findings.length === 0
        ? 'Nothing has to be accepted.'
        : `Accept one of the rules that found something: ${rulesOf(findings)}.`,
  })
}

function rulesOf(findings: Review['lint']['findings']): string {
  return listed([...new Set(findings.map(({ rule }) => `\`${rule}\``))])
}
