import type { Rule } from '../rule.ts'

/** What it finds comes from `rename-hints.ts`, which reads the comments. */
export const renameHint: Rule = {
  id: 'rename-hint',
  level: 'error',
  about: 'comment',
  summary: 'A `crossfade:renamed-from` comment renames nothing.',
  why: 'Such a comment is there so that the values of a column stay when its name changes. One that has no effect leaves a column that is dropped and another one that begins empty.',
  fix: 'Write `-- crossfade:renamed-from old_name` on the line of the column, or on the line above it, with the name that the column has in the database now.',
}
