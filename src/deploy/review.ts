import type { LintResult } from '../lint/lint.ts'
import type { Finding } from '../lint/rule.ts'

/** What is said of a plan besides its statements. It belongs to one deploy request and one plan. */
export type Review = {
  /** What lint says of the way from the live schema to the wanted one. */
  readonly lint: LintResult
  /** The changed tables and their neighbours in Mermaid: empty for none, null when there are too many. */
  readonly diagram: string | null
  /** One for each rule: the last. */
  readonly acceptances: readonly Acceptance[]
}

/** Somebody's word that what a rule found may stand, for one plan. Another plan needs another word. */
export type Acceptance = {
  readonly rule: string
  readonly reason: string
  /** The login of whoever gave it. */
  readonly by: string
}

/** The errors of lint that nobody has accepted: they keep a plan from being deployed. */
export function openErrors({ lint, acceptances }: Review): readonly Finding[] {
  return lint.findings.filter(
    ({ level, rule }) => level === 'error' && acceptances.every((given) => given.rule !== rule),
  )
}
