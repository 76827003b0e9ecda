/** One of the emulator's tables. */
export type Table<Row> = {
  readonly insert: (row: Omit<Row, 'id' | 'created_at' | 'updated_at'>) => Row
  readonly get: (id: number) => Row | undefined
  readonly all: () => Row[]
  readonly findBy: (field: keyof Row, value: string | number) => Row[]
  readonly findOneBy: (field: keyof Row, value: string | number) => Row | undefined
  readonly update: (id: number, row: Partial<Row>) => Row | undefined
}

type Stored<Fields> = Readonly<Fields> & {
  readonly id: number
  readonly created_at: string
  readonly updated_at: string
}

export type UserRow = Stored<{ login: string; type: string; site_admin: boolean }>
export type OwnerRow = Stored<{ login: string }>
export type RepositoryRow = Stored<{
  name: string
  full_name: string
  private: boolean
  owner_id: number
  owner_type: 'User' | 'Organization'
  default_branch: string
}>
export type CollaboratorRow = Stored<{ repo_id: number; user_id: number; permission: string }>
export type PullRow = Stored<{
  repo_id: number
  number: number
  title: string
  state: 'open' | 'closed'
  draft: boolean
  user_id: number
  head_ref: string
  head_sha: string
  head_repo_id: number
  base_ref: string
  base_sha: string
  base_repo_id: number
  merged: boolean
  merged_at: string | null
  merged_by_id: number | null
  merge_commit_sha: string | null
  mergeable: boolean | null
  mergeable_state: string
  closed_at: string | null
  commits: number
  additions: number
  deletions: number
  changed_files: number
}>
export type IssueRow = Stored<{
  repo_id: number
  number: number
  is_pull_request: boolean
  state: 'open' | 'closed'
  closed_at: string | null
  closed_by_id: number | null
}>
export type CommentRow = Stored<{ repo_id: number; comment_type: string }>
export type RefRow = Stored<{ repo_id: number; ref: string; sha: string; node_id: string }>
export type BranchRow = Stored<{ repo_id: number; name: string; sha: string }>
export type CheckRunRow = Stored<{
  repo_id: number
  head_sha: string
  name: string
  status: string
  conclusion: string | null
}>
export type BranchProtectionRow = Stored<{
  repo_id: number
  branch_name: string
  required_status_checks: { readonly contexts: readonly string[] } | null
}>
export type AppRow = Stored<{
  app_id: number
  slug: string
  name: string
  private_key: string
  permissions: Readonly<Record<string, string>>
  events: readonly string[]
  webhook_url: string | null
  webhook_secret: string | null
  description: string | null
}>
export type WorkflowRow = Stored<{
  node_id: string
  repo_id: number
  name: string
  path: string
  state: string
  badge_url: string | null
}>
export type WorkflowRunRow = Stored<{
  node_id: string
  repo_id: number
  workflow_id: number
  name: string
  head_branch: string
  head_sha: string
  run_number: number
  event: string
  status: string
  conclusion: string | null
  actor_id: number
  run_attempt: number
  run_started_at: string
}>

/** The emulator's state, as far as we read or write it; the same objects that its own routes use. */
export type Rows = {
  readonly users: Table<UserRow>
  readonly orgs: Table<OwnerRow>
  readonly repos: Table<RepositoryRow>
  readonly collaborators: Table<CollaboratorRow>
  readonly pullRequests: Table<PullRow>
  readonly issues: Table<IssueRow>
  readonly comments: Table<CommentRow>
  readonly refs: Table<RefRow>
  readonly branches: Table<BranchRow>
  readonly checkRuns: Table<CheckRunRow>
  readonly branchProtections: Table<BranchProtectionRow>
  readonly apps: Table<AppRow>
  readonly workflows: Table<WorkflowRow>
  readonly workflowRuns: Table<WorkflowRunRow>
}
