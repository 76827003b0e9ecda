import {
  type Deployment,
  type DeploymentPhase,
  newDeployment,
} from '../../src/deploy/deployment.ts'
import type { Forecast } from '../../src/deploy/forecast.ts'
import { makePlan, type PlannedOperation } from '../../src/deploy/plan.ts'
import type { DeploymentProgress } from '../../src/deploy/progress.ts'
import {
  type DeployRequest,
  parseCommitSha,
  parseDeployRequestNumber,
} from '../../src/deploy/request.ts'
import type { Review } from '../../src/deploy/review.ts'
import type { CommentView } from '../../src/render/comment.ts'

export const AT = new Date('2026-03-01T12:00:00Z')
export const LATER = new Date('2026-03-01T12:30:00Z')

/** What a look at the server found out about a change; a bit of everything. */
export const FORECAST: Forecast = {
  refusals: [],
  duration: {
    seconds: 5_400,
    least: 2_400,
    most: 14_000,
    basis: 'sample',
    from: '20,000 rows were read in 41 ms',
  },
  disk: { newTable: 96 * 1024 ** 3, oldTable: 96 * 1024 ** 3, log: 80 * 1024 ** 3, free: null },
  checks: [
    {
      kind: 'duplicates',
      subject: 'rows that are equal in the new unique key `by_code`',
      result: 'found',
      found: 2,
      atLeast: true,
      rowsChecked: 100_000,
      reason: null,
    },
    {
      kind: 'nulls',
      subject: 'rows with NULL in `code`, which becomes NOT NULL',
      result: 'clean',
      found: null,
      atLeast: false,
      rowsChecked: null,
      reason: null,
    },
    {
      kind: 'values',
      subject: 'rows with texts that are no numbers in `v`',
      result: 'not_checked',
      found: null,
      atLeast: false,
      rowsChecked: null,
      reason: 'no short query tells them',
    },
  ],
  use: {
    reads: 12_000,
    writes: 31,
    withinSeconds: 200_000,
    lastWriteSeconds: 70,
    reason: null,
  },
}

export const OPERATION: PlannedOperation = {
  kind: 'alter',
  table: 'orders',
  statement: 'ALTER TABLE `orders` ADD COLUMN `note` varchar(200) DEFAULT NULL',
  how: 'shadow',
  why: 'Adds the column `note` at the end. Rows are copied into a new table beside the live one, which can be reverted.',
  instant: { possible: 'probably', why: 'The server can probably do that without copying.' },
  dropsData: false,
  losses: [],
  order: { first: 'schema', why: 'Code that uses the new column `note` fails until it is there.' },
  rowsEstimated: 412_000_000,
  bytesEstimated: 96 * 1024 ** 3,
  forecast: null,
  diff: '   `total` int NOT NULL,\n+  `note` varchar(200) DEFAULT NULL,\n   PRIMARY KEY (`id`)',
}

export const CREATE: PlannedOperation = {
  kind: 'create',
  table: 'refunds',
  statement: 'CREATE TABLE `refunds` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n);',
  how: 'create',
  why: 'A new table: nothing is there that would have to be copied.',
  instant: null,
  dropsData: false,
  losses: [],
  order: { first: 'schema', why: 'Code that uses the new table fails until it is there.' },
  rowsEstimated: null,
  bytesEstimated: null,
  forecast: null,
  diff: '+CREATE TABLE `refunds` (\n+  `id` bigint NOT NULL,\n+  PRIMARY KEY (`id`)\n+)',
}

export const DROP: PlannedOperation = {
  kind: 'drop',
  table: 'legacy',
  statement: 'DROP TABLE `legacy`',
  how: 'drop',
  why: 'The table is renamed, not dropped at once, so that it can be taken back for a while.',
  instant: null,
  dropsData: true,
  losses: ['the table with all its rows'],
  order: { first: 'code', why: 'Code that still uses the table fails once it is gone.' },
  rowsEstimated: 1200,
  bytesEstimated: 16_384,
  forecast: null,
  diff: '-CREATE TABLE `legacy` (\n-  `id` int NOT NULL\n-)',
}

export const PLAN = makePlan([OPERATION, CREATE], { liveFingerprint: 'f', engineOptions: {} })
export const DROP_PLAN = makePlan([DROP], { liveFingerprint: 'f', engineOptions: {} })

/** One error that nobody has accepted. */
export const REVIEW: Review = {
  lint: {
    findings: [
      {
        rule: 'drop-table',
        level: 'error',
        table: 'legacy',
        column: null,
        key: null,
        message: 'The table `legacy` goes.',
        fix: 'Keep it.',
        place: null,
        docs: 'docs/lint.md#drop-table',
      },
    ],
    accepted: [],
  },
  diagram: 'erDiagram\n  "legacy (dropped)"',
  acceptances: [],
}

export const FAILURE = {
  code: 'DUPLICATE_KEY',
  message: 'Two rows of `orders` have the same value in the new key `by_code`.',
  next: 'Find them with `SELECT code FROM orders GROUP BY code HAVING COUNT(*) > 1`.',
} as const

export const COPYING: DeploymentProgress = {
  phase: 'copying',
  rowsCopied: 251_000_000,
  rowsEstimated: 412_000_000,
  rowsPerSecond: 48_200,
  etaSeconds: 3340,
  lagMs: 400,
  throttledBy: null,
  verified: null,
  tables: [{ table: 'orders', rowsCopied: 251_000_000, rowsEstimated: 412_000_000 }],
}

export const REQUEST: DeployRequest = {
  id: 1,
  number: parseDeployRequestNumber(3),
  repository: { owner: 'acme', name: 'app', id: 42 },
  installationId: 9,
  pullRequest: 7,
  database: 'shop',
  branch: 'production',
  head: parseCommitSha('a1b2c3d'.padEnd(40, '0')),
  base: parseCommitSha('f0e1d2c'.padEnd(40, '0')),
  author: 'alice',
  state: 'open',
  createdAt: AT,
  updatedAt: LATER,
  closedAt: null,
}

/** A deployment of `PLAN` in a state, half an hour after it was started. */
export function aDeployment(phase: DeploymentPhase): Deployment {
  const base = newDeployment({ autoCutover: false, revertWindowMs: 1_800_000 }, AT)
  const clocks = { ...base.clocks, queuedAt: AT, startedAt: AT, cutoverAt: AT }
  return { ...base, attempt: 1, clocks, ...phase }
}

/** The view of it. */
export function aView(phase: DeploymentPhase, changes: Partial<CommentView> = {}): CommentView {
  return {
    request: REQUEST,
    deployment: aDeployment(phase),
    plan: 'plan' in phase ? PLAN : null,
    review: null,
    progress: null,
    notices: [],
    timeline: [{ at: AT, by: { actor: 'alice', via: 'action' }, action: 'opened', detail: null }],
    url: 'https://bot.example/acme/app/shop/3',
    ...changes,
  }
}
