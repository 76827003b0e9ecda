import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { TableSuppression } from '../lint/suppression.ts'
import type { RenamesJson } from '../schema/renames.ts'
import { DEPLOYMENT_STATES, type DeploymentState, type Failure } from './deployment.ts'
import { type PlanDigest, parsePlanDigest } from './digest.ts'
import { readFailure, readOperation, TABLE } from './operation-json.ts'
import type { PlannedOperation } from './plan.ts'
import {
  type CommitSha,
  type DeployRequestNumber,
  parseCommitSha,
  parseDeployRequestNumber,
} from './request.ts'
import { type Refuse, Untrusted } from './untrusted.ts'

/** The name of each table and view with its canonical `CREATE TABLE` or `CREATE VIEW`. */
export type CanonicalSchema = Readonly<Record<string, string>>

/**
 * What the Action sends to the bot for one database of a pull request. Who sends it, for which repository,
 * and for which pull request comes from the OIDC token alone.
 */
export type Submission = {
  readonly version: 1
  readonly database: string
  readonly headSha: CommitSha
  readonly baseSha: CommitSha
  /** The schema in the pull request's base, and the one in its head. */
  readonly baseSchema: CanonicalSchema
  readonly wantedSchema: CanonicalSchema
  /** The digest of the schema files of the head: lets the bot tell whether a later commit changed one. */
  readonly filesDigest: string
  /** What comments in the schema files of the head accept of what lint finds. */
  readonly suppressions: readonly TableSuppression[]
  /** What columns were called before, as comments in these files say: new names with old ones, by table. */
  readonly renames: RenamesJson
}

/** What the bot answers. */
export type SubmissionAnswer = {
  readonly version: 1
  readonly number: DeployRequestNumber
  readonly branch: string
  readonly state: DeploymentState
  /** The page of the deploy request. */
  readonly url: string
  /** Null when there is no plan: nothing to change, or the check failed. */
  readonly digest: PlanDigest | null
  readonly operations: readonly PlannedOperation[]
  /** Why the check failed; empty otherwise. */
  readonly errors: readonly Failure[]
  /** The living comment; null while it is not posted yet. */
  readonly commentUrl: string | null
}

/** Limits of a submission; the bot refuses what exceeds them before it looks at anything else. */
export const SUBMISSION_LIMITS = {
  tables: 5000,
  /** Each is looked for in all that others did to its table. */
  renames: 1000,
  bytesPerTable: 512 * 1024,
  bytes: 16 * 1024 * 1024,
} as const

/** @throws {Refusal} INPUT_INVALID naming the field, PAYLOAD_TOO_LARGE naming the limit. */
export function parseSubmission(json: unknown): Submission {
  const fields = new Untrusted(json, refuse('submission')).members([
    'version',
    'database',
    'headSha',
    'baseSha',
    'baseSchema',
    'wantedSchema',
    'filesDigest',
    'suppressions',
    'renames',
  ])
  const submission: Submission = {
    version: readVersion(fields.version),
    database: fields.database.match(NAME, 'must be the name of a database in the config file'),
    headSha: readSha(fields.headSha),
    baseSha: readSha(fields.baseSha),
    baseSchema: readSchema(fields.baseSchema),
    wantedSchema: readSchema(fields.wantedSchema),
    filesDigest: fields.filesDigest.match(SHA256, 'must be 64 hexadecimal digits'),
    suppressions: fields.suppressions.or([], readSuppressions),
    renames: fields.renames.or({}, readRenames),
  }
  checkSize(submission)
  return submission
}

/** @throws {Refusal} INPUT_INVALID naming the field: the bot is not one that this Action understands. */
export function parseSubmissionAnswer(json: unknown): SubmissionAnswer {
  const fields = new Untrusted(json, refuse('answer')).members([
    'version',
    'number',
    'branch',
    'state',
    'url',
    'digest',
    'operations',
    'errors',
    'commentUrl',
  ])
  return {
    version: readVersion(fields.version),
    number: parseDeployRequestNumber(fields.number.whole(1, Number.MAX_SAFE_INTEGER)),
    branch: fields.branch.match(NAME, 'must be the name of a branch'),
    state: fields.state.oneOf(DEPLOYMENT_STATES),
    url: readUrl(fields.url),
    digest: fields.digest.or(null, readDigest),
    operations: fields.operations.items().map(readOperation),
    errors: fields.errors.items().map(readFailure),
    commentUrl: fields.commentUrl.or(null, readUrl),
  }
}

/**
 * The digest of a set of files by path and git blob SHA, whatever their order. Both sides can compute it:
 * the Action from its working copy, the bot from GitHub's tree.
 */
export function filesDigest(
  files: readonly { readonly path: string; readonly sha: string }[],
): string {
  // A line break cannot be part of a SHA, so no path can pass for two files.
  const lines = files.map(({ path, sha }) => `${sha} ${JSON.stringify(path)}\n`).sort()
  return createHash('sha256').update(lines.join('')).digest('hex')
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
const SHA256 = /^[0-9a-f]{64}$/

function readVersion(value: Untrusted): 1 {
  value.whole(1, 1)
  return 1
}

function readSha(value: Untrusted): CommitSha {
  const pattern = /^([0-9a-f]{40}|[0-9a-f]{64})$/
  return parseCommitSha(value.match(pattern, 'must be the full SHA of a commit'))
}

function readDigest(value: Untrusted): PlanDigest {
  return parsePlanDigest(value.match(SHA256, 'must be 64 hexadecimal digits'))
}

function readUrl(value: Untrusted): string {
  return value.match(/^https?:\/\/[^\s<>"]+$/, 'must be a link')
}

/** Whether it is what schema files may hold is checked where it is used. */
const DEFINITION = /^CREATE (?:TABLE|(?:ALGORITHM=\w+ )?(?:SQL SECURITY INVOKER )?VIEW) /

function readSchema(value: Untrusted): CanonicalSchema {
  const entries = value.entries()
  if (entries.length > SUBMISSION_LIMITS.tables) {
    throw tooLarge(`${entries.length} tables; the limit is ${SUBMISSION_LIMITS.tables}`)
  }
  const tables = entries.map(([table, statement]) => {
    if (!TABLE.test(table) || table === '__proto__') {
      throw statement.refusal('must be named like a table')
    }
    return [
      table,
      statement.match(DEFINITION, 'must be a CREATE TABLE or CREATE VIEW statement'),
    ] as const
  })
  return Object.fromEntries(tables)
}

/** More than a person would write; nothing a rule finds is lost when the rest of a reason is. */
const LONGEST_REASON = 500

function readRenames(value: Untrusted): RenamesJson {
  const tables = value.entries()
  const columns = tables.map(([table, names]) => [table, readNames(table, names)] as const)
  const count = columns.reduce((sum, [, names]) => sum + Object.keys(names).length, 0)
  if (count > SUBMISSION_LIMITS.renames) {
    throw tooLarge(`${count} renames; the limit is ${SUBMISSION_LIMITS.renames}`)
  }
  return Object.fromEntries(columns)
}

function readNames(table: string, value: Untrusted): RenamesJson[string] {
  const isName = (name: string) => TABLE.test(name) && name !== '__proto__'
  if (!isName(table)) throw value.refusal('must be named like a table')
  const names = value.entries().map(([name, old]) => {
    if (!isName(name)) throw old.refusal('must be named like a column')
    return [name, old.match(TABLE, 'must be the name of a column')] as const
  })
  return Object.fromEntries(names)
}

function readSuppressions(value: Untrusted): readonly TableSuppression[] {
  const items = value.items()
  if (items.length > SUBMISSION_LIMITS.tables) {
    throw tooLarge(`${items.length} suppressions; the limit is ${SUBMISSION_LIMITS.tables}`)
  }
  return items.map((item) => {
    const { table, rule, reason } = item.members(['table', 'rule', 'reason'])
    return {
      table: table.match(TABLE, 'must be the name of a table'),
      rule: rule.match(/^[a-z0-9-]{1,64}$/, 'must be the name of a rule'),
      reason: reason.match(/\S/, 'must say something').slice(0, LONGEST_REASON),
    }
  })
}

function checkSize({ baseSchema, wantedSchema }: Submission): void {
  let bytes = 0
  for (const statement of [...Object.values(baseSchema), ...Object.values(wantedSchema)]) {
    const size = Buffer.byteLength(statement)
    if (size > SUBMISSION_LIMITS.bytesPerTable) {
      throw tooLarge(`a table of ${size} bytes; the limit is ${SUBMISSION_LIMITS.bytesPerTable}`)
    }
    bytes += size
  }
  if (bytes > SUBMISSION_LIMITS.bytes) {
    throw tooLarge(`${bytes} bytes; the limit is ${SUBMISSION_LIMITS.bytes}`)
  }
}

function refuse(what: 'submission' | 'answer'): Refuse {
  return (path, must) =>
    new Refusal('INPUT_INVALID', `The ${what}${path === '' ? '' : `’s field ${path}`} ${must}.`, {
      next: 'Use versions of the Action and the bot that belong together.',
    })
}

function tooLarge(what: string): Refusal {
  return new Refusal('PAYLOAD_TOO_LARGE', `The submission has ${what}.`, {
    next: 'Split the database into several in the config file.',
  })
}
