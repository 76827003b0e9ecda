import type { Rule } from '../rule.ts'

/** What it finds comes from `suppression.ts`, which reads the comments. */
export const suppression: Rule = {
  id: 'suppression',
  level: 'warning',
  about: 'comment',
  summary: 'A `crossfade:ignore` comment names no rule that exists, or gives no reason.',
  why: 'Such a comment has no effect. A reason is asked for because whoever reads the file in two years needs it to know whether it still holds.',
  fix: 'Write `-- crossfade:ignore redundant-index: kept for the nightly report`.',
}
