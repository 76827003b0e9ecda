import type { Conflict, ConflictReason } from '../schema/merge/conflict.ts'
import { type Part, partName } from '../schema/merge/part.ts'
import type { Touch } from '../schema/merge/touch.ts'
import { quoteName } from '../schema/table.ts'
import type { Failure } from './deployment.ts'

/** Who brought what a pull request is in conflict with. */
export type Origin =
  /** A deploy request that is queued or being deployed, and goes first. */
  | { readonly kind: 'ahead'; readonly number: number; readonly pullRequest: number }
  /** A deploy request that is live. */
  | { readonly kind: 'deployed'; readonly number: number; readonly pullRequest: number }
  /** Nobody's deploy request: production was changed directly. */
  | { readonly kind: 'direct' }

/** What both sides did, who the other one is, why that does not go together, and what to do about it. */
export function conflictFailure(conflict: Conflict, origin: Origin): Failure {
  const { reason, ours, theirs } = conflict
  const [mine, yours] = [deed(ours, ours.part), deed(theirs, ours.part)]
  return {
    code: 'SCHEMA_CONFLICT',
    message: `${subject(ours.part)}: this pull request ${mine}; ${who(origin)} ${yours}. ${WHY[reason]}`,
    next: nextStep(conflict, origin),
  }
}

/** “Table `orders`, column `note`”. */
function subject(part: Part): string {
  if (part.kind === 'view') return `View ${quoteName(part.table)}`
  const table = `Table ${quoteName(part.table)}`
  return part.kind === 'table' ? table : `${table}, ${partName(part)}`
}

function who(origin: Origin): string {
  switch (origin.kind) {
    case 'ahead':
      return `deploy request ${origin.number} (pull request ${origin.pullRequest}), which is ahead of it in the queue,`
    case 'deployed':
      return `deploy request ${origin.number} (pull request ${origin.pullRequest}), which is live already,`
    case 'direct':
      return 'somebody who changed production directly, with no deploy request,'
  }
}

/** What a side did, in words that follow its name; what is the subject already is “it”. */
function deed({ part, did, text }: Touch, about: Part): string {
  const what = objectOf(part, about)
  const as = shown(part, text)
  if (did === 'renames') return `renames ${what} to ${quoteName(as)}`
  if (as === '') return `${did} ${what}`
  if (isWhole(part)) return `${did} ${what} (${did === 'adds' ? `they differ in ${as}` : as})`
  return did === 'adds' ? `adds ${what} as “${as}”` : `makes ${what} “${as}”`
}

function objectOf(part: Part, about: Part): string {
  const isThere = part.table === about.table
  if (isThere && part.kind === about.kind && part.name === about.name) return 'it'
  const where = isThere || isWhole(part) ? '' : ` of the table ${quoteName(part.table)}`
  return `the ${partName(part)}${where}`
}

function isWhole({ kind }: Part): boolean {
  return kind === 'table' || kind === 'view'
}

/** As much of a definition as is read in a sentence. */
const LONGEST = 120

/** A definition in short, without the name that was said already; a list of parts as it is. */
function shown({ kind }: Part, text: string | null): string {
  if (text === null || kind === 'table') return text ?? ''
  const definition =
    kind === 'column' ? text.replace(/^`(?:[^`]|``)*` /, '').replace(/ \/\* .* \*\/$/, '') : text
  const plain = definition.replaceAll('`', '').replace(/\s+/g, ' ')
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain
}

const WHY: Readonly<Record<ConflictReason, string>> = {
  same: 'Both touch the same thing, and want it to be different.',
  gone: 'One needs what the other drops.',
  changed:
    'One depends on what the other makes something else, and whether that still works cannot be known here.',
  collation:
    'Text columns take over the default character set, so the column would depend on who goes first.',
  order: 'The columns would stand in another order, depending on who goes first.',
  types: 'Both ends of a foreign key must be of the same type.',
  index:
    'Foreign keys and AUTO_INCREMENT columns need an index that begins with their columns, and none would be left.',
  limit: 'A table can have only one AUTO_INCREMENT column.',
  partitions:
    'A partitioned table has no foreign keys and no full-text indexes, and each of its unique keys holds the columns it is partitioned by.',
  renamed: 'Whoever goes second would call the column by a name that it no longer has.',
  name: 'Both would have the same name.',
}

/** What a name made by the server is mistaken for: two things that nobody named are called alike. */
const NAMED_BY_SERVER = ['index', 'foreign_key', 'check']

function nextStep({ reason, ours, theirs }: Conflict, origin: Origin): string {
  const added = ours.did === 'adds' && theirs.did === 'adds'
  const isNamed = reason === 'same' && added && NAMED_BY_SERVER.includes(ours.part.kind)
  const step = stepFor(origin)
  return isNamed
    ? `Give yours another name in the schema file and push, if both are wanted. If not: ${step}`
    : step
}

function stepFor(origin: Origin): string {
  switch (origin.kind) {
    case 'ahead':
      return `Agree with the author of pull request ${origin.pullRequest}. If theirs is to stay, write it into your schema files as they did and push; what you want to change about it can follow once it is live and merged. If yours is, they comment \`/cancel\` there, and then you \`/plan\` here.`
    case 'deployed':
      return `Wait until pull request ${origin.pullRequest} is merged, merge the base branch into yours, change your schema files so that they hold what both want, and push.`
    case 'direct':
      return 'Ask who changed production. If that is to stay, write it into the schema files of the base branch, merge that into yours and push. If not, undo it in production and comment `/plan`.'
  }
}
