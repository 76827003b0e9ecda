import { parseDocument } from 'yaml'
import { Refusal } from '../errors.ts'
import { LEVELS } from '../lint/rule.ts'
import { findRule, type Levels, unknownRule } from '../lint/rules.ts'
import { Untrusted } from './untrusted.ts'

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

export type DatabaseConfig = {
  readonly source: SchemaSource
  readonly branches: Readonly<Record<string, BranchConfig>>
  /** Levels by rule, where they differ from the rule's own. */
  readonly lint: Levels
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

/** A config file larger than this is not one. */
const MAX_BYTES = 64 * 1024

/**
 * Reads a config file. Two lines are enough: what is not said is {@link DEFAULT_BRANCH} on the one branch
 * `production`.
 *
 * @throws {Refusal} CONFIG_INVALID naming the place, as in `databases.shop.branches.production.cutover`.
 */
export function parseConfig(text: string): Config {
  const { version, databases } = new Untrusted(readYaml(text), refuse).members([
    'version',
    'databases',
  ])
  version.whole(1, 1)
  const entries = databases.entries().map(([name, value]) => {
    return [checkName(name, value), parseDatabase(value)] as const
  })
  if (entries.length === 0) throw databases.refusal('must name a database')
  return { version: 1, databases: Object.fromEntries(entries) }
}

function readYaml(text: string): unknown {
  if (Buffer.byteLength(text) > MAX_BYTES) throw refuse('', `must be at most ${MAX_BYTES} bytes`)
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false })
  const error = document.errors[0]
  if (error) {
    const line = error.linePos?.[0].line ?? 1
    throw refuse(`line ${line}`, 'must be YAML', error)
  }
  // A file needs no aliases, and without them it cannot grow when it is read.
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    throw refuse('', 'must not use aliases', cause)
  }
}

function parseDatabase(value: Untrusted): DatabaseConfig {
  const known = ['schema', 'migrations', 'source', 'branches', 'lint'] as const
  const { branches, lint, ...sources } = value.members(known)
  return {
    source: parseSource(value, sources),
    branches: branches.or({ production: DEFAULT_BRANCH }, (named) => parseBranches(named)),
    lint: lint.or({}, parseLevels),
  }
}

function parseLevels(value: Untrusted): Levels {
  const levels = value.entries().map(([rule, level]) => {
    if (!findRule(rule)) throw level.refusal(unknownRule(rule))
    return [rule, level.oneOf(LEVELS)] as const
  })
  return Object.fromEntries(levels)
}

function parseSource(
  database: Untrusted,
  { schema, migrations, source }: Readonly<Record<'schema' | 'migrations' | 'source', Untrusted>>,
): SchemaSource {
  const given = [schema, migrations, source].filter(({ isPresent }) => isPresent)
  if (given.length !== 1) throw database.refusal('must have one of schema, migrations, source')
  if (schema.isPresent) return { kind: 'files', path: parsePath(schema) }
  if (migrations.isPresent) return { kind: 'migrations', path: parsePath(migrations) }
  return { kind: source.oneOf(['database']) }
}

/** A folder inside the repository, or a file in one, without a slash at its end. */
function parsePath(value: Untrusted): string {
  const path = value.text().replace(/^\.\//, '').replace(/\/+$/, '')
  const parts = path.split('/')
  if (path.includes('\\') || parts.some((part) => ['', '.', '..'].includes(part))) {
    throw value.refusal('must be the path of a folder inside the repository')
  }
  return path
}

function parseBranches(value: Untrusted): DatabaseConfig['branches'] {
  const entries = value.entries().map(([name, branch]) => {
    const config = branch.or(DEFAULT_BRANCH, (given) => parseBranch(given))
    return [checkName(name, branch), config] as const
  })
  if (entries.length === 0) throw value.refusal('must name a branch')
  return Object.fromEntries(entries)
}

function parseBranch(value: Untrusted): BranchConfig {
  const given = value.members(['deploy', 'cutover', 'revert_window', 'approvals', 'deployers'])
  const { deploy, cutover, revertWindowMs, approvals, deployers } = DEFAULT_BRANCH
  return {
    deploy: given.deploy.or(deploy, (policy) => policy.oneOf(DEPLOY_POLICIES)),
    cutover: given.cutover.or(cutover, (mode) => mode.oneOf(['auto', 'hold'])),
    revertWindowMs: given.revert_window.or(revertWindowMs, readWindow),
    approvals: given.approvals.or(approvals, (count) => count.whole(0, 20)),
    deployers: given.deployers.or(deployers, (list) =>
      list.items().map((who) => who.match(WHO, 'must be a login or an org/team')),
    ),
  }
}

function readWindow(value: Untrusted): number | null {
  const window = parseRevertWindow(value.text())
  if (window === undefined) throw value.refusal('must be off, or a time such as 30m, at most 7d')
  return window
}

const DEPLOY_POLICIES = ['on-open', 'on-approve', 'on-command', 'on-merge'] as const
const WHO = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?$/

/** Databases and branches become parts of check names and environments. */
function checkName(name: string, value: Untrusted): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name) && name !== '__proto__') return name
  throw value.refusal('must be named with letters, digits, - and _, at most 63')
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const MAX_WINDOW_MS = 7 * UNIT_MS.d

/**
 * The length of a revert window: `90s`, `30m`, `2h`, `1d`; null for `off`; undefined when `text` is neither,
 * or longer than seven days. The config file and the `revert=` option of commands share it.
 */
export function parseRevertWindow(text: string): number | null | undefined {
  if (text === 'off') return null
  const [, amount, unit] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? []
  // Sound: the pattern lets these four through and no others.
  const ms = Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
  return ms <= MAX_WINDOW_MS ? ms : undefined
}

/** A revert window as {@link parseRevertWindow} reads it. */
export function formatRevertWindow(ms: number | null): string {
  if (ms === null) return 'off'
  const unit = (['d', 'h', 'm'] as const).find((name) => ms % UNIT_MS[name] === 0) ?? 's'
  return `${ms / UNIT_MS[unit]}${unit}`
}

function refuse(path: string, must: string, cause?: unknown): Refusal {
  const where = path === '' ? CONFIG_PATH : `${CONFIG_PATH}: ${path}`
  return new Refusal('CONFIG_INVALID', `${where} ${must}.`, {
    next: 'Mend the config file; docs/config.md describes every setting.',
    cause,
  })
}
