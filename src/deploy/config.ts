/** What may start a deploy by itself; a command by somebody who may always works. */
export type DeployPolicy = 'on-open' | 'on-approve' | 'on-command' | 'on-merge'

/** How one production branch is deployed to. */
export type BranchConfig = {
  readonly deploy: DeployPolicy
  /** `hold` waits in sync for a person; `auto` cuts over as soon as in sync. */
  readonly cutover: 'auto' | 'hold'
  /** How long a revert stays possible; null for not at all. */
  readonly revertWindowMs: number | null
  /** How many approvals of the plan are needed. */
  readonly approvals: number
  /** Logins and `org/team` names that may deploy; empty for everybody who may write. */
  readonly deployers: readonly string[]
}

/** Where the wanted schema of a database comes from. */
export type SchemaSource =
  | { readonly kind: 'files'; readonly path: string }
  | { readonly kind: 'migrations'; readonly path: string }
  | { readonly kind: 'database' }

export type LintLevel = 'off' | 'notice' | 'warning' | 'error'

export type DatabaseConfig = {
  readonly source: SchemaSource
  readonly branches: Readonly<Record<string, BranchConfig>>
  /** Levels by rule, where they differ from the rule's own. */
  readonly lint: Readonly<Record<string, LintLevel>>
}

/** The config file of a repository, complete: every default is filled in. */
export type Config = {
  readonly version: 1
  readonly databases: Readonly<Record<string, DatabaseConfig>>
}

/** Where the config file lives in a repository. */
export const CONFIG_PATH = '.github/crossfade.yml'

/** What a branch that says nothing gets. */
export const DEFAULT_BRANCH: BranchConfig = {
  deploy: 'on-command',
  cutover: 'hold',
  revertWindowMs: 30 * 60_000,
  approvals: 0,
  deployers: [],
}

/**
 * Reads a config file.
 *
 * @throws {Refusal} CONFIG_INVALID naming the place, as in `databases.shop.branches.production.cutover`.
 */
export function parseConfig(_text: string): Config {
  throw new Error('not yet')
}
