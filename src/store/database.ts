import type { ColumnType, Generated, Insertable, Kysely, Selectable } from 'kysely'
import type { DeploymentState } from '../deploy/deployment.ts'
import type { By } from '../deploy/request.ts'

/** The bot's own database. `migrations/` makes its tables; times are DATETIME(3) in UTC, ids BIGINT. */
export type Store = Kysely<Database>

/** The tables as types. JSON is kept as text, because MariaDB has no JSON type of its own. */
export type Database = {
  readonly deploy_request: DeployRequestTable
  readonly deploy_request_number: DeployRequestNumberTable
  readonly submission: SubmissionTable
  readonly submission_detail: SubmissionDetailTable
  readonly plan: PlanTable
  readonly review: ReviewTable
  readonly deployment: DeploymentTable
  readonly audit: AuditTable
  readonly inbox: InboxTable
  readonly lease: LeaseTable
  readonly projection: ProjectionTable
  readonly oidc_token: OidcTokenTable
  readonly migration: MigrationTable
}

/** Written once, when the row is made. */
type Fixed<T> = ColumnType<T, T, never>

type DeployRequestTable = {
  id: Generated<number>
  number: Fixed<number>
  repository_id: Fixed<number>
  repository_owner: string
  repository_name: string
  installation_id: number
  pull_request: Fixed<number>
  database_name: Fixed<string>
  branch_name: Fixed<string>
  head_sha: string
  base_sha: string
  author: Fixed<string>
  state: 'open' | 'closed'
  created_at: Fixed<Date>
  updated_at: Date
  closed_at: Date | null
  /** Rises with every change of the request, its deployment or its progress: what the projector follows. */
  revision: Generated<number>
  /** The revision that GitHub was last made to show. */
  projected_revision: Generated<number>
}

/** The last number given in a repository and database. */
type DeployRequestNumberTable = {
  repository_id: Fixed<number>
  database_name: Fixed<string>
  last_number: number
}

type SubmissionTable = {
  deploy_request_id: Fixed<number>
  head_sha: string
  base_sha: string
  files_digest: string
  base_schema: string
  wanted_schema: string
  received_at: Date
}

/** What a submission holds besides, as JSON: a table of its own because a column cannot be added twice. */
type SubmissionDetailTable = {
  deploy_request_id: Fixed<number>
  body: string
}

type PlanTable = {
  digest: Fixed<string>
  body: string
  updated_at: Date
}

/** What is said of a plan to the readers of one deploy request. */
type ReviewTable = {
  deploy_request_id: Fixed<number>
  plan_digest: Fixed<string>
  body: string
  updated_at: Date
}

type DeploymentTable = {
  id: Generated<number>
  deploy_request_id: Fixed<number>
  version: number
  state: DeploymentState
  plan_digest: string | null
  auto_cutover: number
  revert_window_ms: number | null
  attempt: number
  created_at: Fixed<Date>
  queued_at: Date | null
  submitted_at: Date | null
  started_at: Date | null
  ready_to_cutover_at: Date | null
  cutover_at: Date | null
  finished_at: Date | null
  waiting_period_end_at: Date | null
  /** What only some states have: failure, errors, why a revert is impossible. */
  detail: string
  progress: string | null
}

type AuditTable = {
  id: Generated<number>
  deploy_request_id: Fixed<number>
  deployment_id: Fixed<number | null>
  at: Fixed<Date>
  actor: Fixed<string>
  via: Fixed<By['via']>
  /** An event's type, or `opened`, `head_moved`, `closed`, `refused`, `accepted`. */
  action: Fixed<string>
  plan_digest: Fixed<string | null>
  /** The state after it. */
  state: Fixed<DeploymentState | null>
  detail: Fixed<string | null>
}

type InboxTable = {
  id: Generated<number>
  delivery_id: Fixed<string>
  body_hash: Fixed<string>
  event: Fixed<string>
  /** Deliveries of the same subject are worked off one after the other. */
  subject: Fixed<string>
  body: Fixed<string>
  state: Generated<'pending' | 'done' | 'failed'>
  attempts: Generated<number>
  received_at: Fixed<Date>
  available_at: Date
  lease_owner: string | null
  lease_until: Date | null
  finished_at: Date | null
  last_error: string | null
}

type LeaseTable = {
  name: Fixed<string>
  owner: string
  expires_at: Date
}

type ProjectionTable = {
  subject: Fixed<string>
  github_id: number | null
  hash: string
  written_at: Date
}

type OidcTokenTable = {
  jti: Fixed<string>
  expires_at: Fixed<Date>
}

type MigrationTable = {
  number: Fixed<number>
  name: Fixed<string>
  applied_at: Fixed<Date>
}

/** Rows as they are read and written. */
export type DeployRequestRow = Selectable<DeployRequestTable>
export type DeploymentRow = Selectable<DeploymentTable>
export type NewDeploymentRow = Insertable<DeploymentTable>
export type AuditRow = Selectable<AuditTable>
