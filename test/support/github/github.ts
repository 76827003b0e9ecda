import { createPrivateKey, randomBytes } from 'node:crypto'
import type { Emulator } from 'emulate'
import { generateKeyPair, SignJWT } from 'jose'
import type { Role } from './access.ts'
import { addDeployments } from './deployments.ts'
import { type Inside, startExtended } from './emulated.ts'
import { Events } from './events.ts'
import { openFrontDoor } from './front-door.ts'
import { addMerge } from './merge.ts'
import { addPermission } from './permission.ts'
import { type Files, Person, type RepositoryName } from './person.ts'
import { addPullRequestFiles } from './pull-request-files.ts'
import { addReactions } from './reactions.ts'
import type { RepositoryRow } from './rows.ts'
import { addStatuses } from './statuses.ts'
import { addTokenService, type TokenService } from './token-service.ts'
import { type Delivery, Webhooks } from './webhooks.ts'
import { ACTIONS_APP, startWorkflowRun, type WorkflowRun } from './workflow-run.ts'

/** The people of the repository, named after what they may do; a login that ends with [bot] is a bot. */
export const PEOPLE: Readonly<Record<string, Role>> = {
  admin: 'admin',
  writer: 'write',
  reader: 'read',
  stranger: 'none',
  'renovate[bot]': 'write',
}

export type GitHubOptions = {
  /** At least 32 characters; a random one by default. */
  readonly webhookSecret?: string
  /** Where the App's events go; can be said later, when the bot is up. */
  readonly webhookUrl?: string
  readonly owner?: string
  readonly repo?: string
  /** What the repository holds besides its README. */
  readonly files?: Files
  /** More people than {@link PEOPLE}, or other roles for them. */
  readonly people?: Readonly<Record<string, Role>>
  /** Checks without which nothing is merged into main. */
  readonly requiredChecks?: readonly string[]
}

/** The App under test. */
export type InstalledApp = {
  readonly id: number
  readonly slug: string
  readonly privateKey: string
  readonly webhookSecret: string
  readonly installationId: number
}

const APP = { id: 4711, slug: 'crossfade', installationId: 815 } as const

const PERMISSIONS = {
  actions: 'read',
  checks: 'write',
  contents: 'read',
  deployments: 'write',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
} as const

const EVENTS = ['check_run', 'issue_comment', 'pull_request', 'pull_request_review', 'push']

/** The emulator's words for roles that it names otherwise. */
const STORED: Partial<Record<Role, string>> = { read: 'pull', write: 'push' }

/** What the emulator lacks and needs no more than a route of its own. */
const GAPS: readonly ((inside: Inside) => void)[] = [
  addPermission,
  addPullRequestFiles,
  addMerge,
  addReactions,
  addStatuses,
  addDeployments,
]

/** What `startGitHub` has made by the time there is something to hold. */
type Parts = {
  readonly emulator: Emulator
  readonly inside: Inside
  readonly webhooks: Webhooks
  readonly events: Events
  readonly tokenService: TokenService
}

/** A GitHub of this process: one private repository of an organisation, its people, and the App installed on it. */
export class GitHub implements AsyncDisposable {
  /** The base of the REST API; it also answers under /api/v3. */
  readonly url: string
  readonly app: InstalledApp
  readonly repository: RepositoryName & { readonly id: number; readonly ownerId: number }
  readonly tokenService: TokenService
  readonly #parts: Parts
  readonly #people = new Map<string, Person>()

  constructor(parts: Parts, row: RepositoryRow, app: InstalledApp) {
    const [owner = '', repo = ''] = row.full_name.split('/')
    this.url = parts.inside.url
    this.app = app
    this.repository = { owner, repo, id: row.id, ownerId: row.owner_id }
    this.tokenService = parts.tokenService
    this.#parts = parts
  }

  /** Somebody who acts with a token of their own. */
  as(login: string): Person {
    const known = this.#people.get(login)
    if (known) return known
    const { inside } = this.#parts
    const row = inside.rows.users.findOneBy('login', login)
    if (!row) throw new TypeError(`there is nobody called ${login}`)
    const token = `ghp_${randomBytes(18).toString('base64url')}`
    inside.tokens.set(token, { login, id: row.id, scopes: ['repo'] })
    const person = new Person(login, token, { url: this.url, repository: this.#name })
    this.#people.set(login, person)
    return person
  }

  /** From now on the App's events go to `url`; null stops them. */
  sendWebhooksTo(url: string | null): void {
    this.#parts.webhooks.sendTo(url)
  }

  /** Every attempt to deliver an event to the App, the oldest first. */
  get deliveries(): readonly Delivery[] {
    return this.#parts.webhooks.deliveries
  }

  /** Resolves when every event has been answered, or could not be delivered. */
  async delivered(): Promise<void> {
    await this.#parts.events.settled()
    await this.#parts.webhooks.delivered()
  }

  /** Presses Redeliver for a delivery: the same event, bytes and GUID once more. */
  async redeliver(id: number): Promise<void> {
    const response = await fetch(`${this.url}/app/hook/deliveries/${id}/attempts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await this.appToken()}` },
    })
    if (!response.ok) throw new TypeError(`redelivery of ${id} was answered by ${response.status}`)
  }

  /** A token by which the App proves what it is, signed with its key. */
  appToken(): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT({})
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(`${this.app.id}`)
      .setIssuedAt(now - 60)
      .setExpirationTime(now + 300)
      .sign(createPrivateKey(this.app.privateKey))
  }

  /** Starts the workflow for the present head of a pull request. */
  startWorkflowRun(pull: number): Promise<WorkflowRun> {
    const { inside, tokenService } = this.#parts
    const row = inside.rows.pullRequests
      .findBy('repo_id', this.repository.id)
      .find(({ number }) => number === pull)
    if (!row) throw new TypeError(`there is no pull request ${pull}`)
    return startWorkflowRun(inside, tokenService, row)
  }

  async pullRequest(number: number) {
    const { rest } = this.as('admin').octokit
    return (await rest.pulls.get({ ...this.#name, pull_number: number })).data
  }

  /** The comments of a pull request, the oldest first. */
  async comments(pull: number) {
    const { octokit } = this.as('admin')
    const listed = await octokit.paginate(octokit.rest.issues.listComments, {
      ...this.#name,
      issue_number: pull,
      per_page: 100,
    })
    return listed.map(({ id, body, user }) => ({ id, body: body ?? '', by: user?.login ?? '' }))
  }

  /** The reactions on a comment, the oldest first. */
  async reactions(commentId: number) {
    const { rest } = this.as('admin').octokit
    const { data } = await rest.reactions.listForIssueComment({
      ...this.#name,
      comment_id: commentId,
    })
    return data.map(({ content, user }) => ({ content, by: user?.login ?? '' }))
  }

  /** The latest check run of each name on a commit. */
  async checks(sha: string) {
    const { rest } = this.as('admin').octokit
    const { data } = await rest.checks.listForRef({ ...this.#name, ref: sha })
    return data.check_runs.map(({ name, status, conclusion, output, external_id }) => ({
      name,
      status,
      conclusion,
      title: output.title,
      summary: output.summary,
      externalId: external_id,
    }))
  }

  /** Every file of a commit or branch, by path. */
  async files(ref: string): Promise<Record<string, string>> {
    const { rest } = this.as('admin').octokit
    const { data } = await rest.git.getTree({ ...this.#name, tree_sha: ref, recursive: '1' })
    const blobs = data.tree.filter(({ type }) => type === 'blob')
    const read = blobs.map(async ({ path, sha }): Promise<[string, string]> => {
      const blob = await rest.git.getBlob({ ...this.#name, file_sha: sha })
      return [path, Buffer.from(blob.data.content, 'base64').toString('utf8')]
    })
    return Object.fromEntries(await Promise.all(read))
  }

  get #name(): RepositoryName {
    return { owner: this.repository.owner, repo: this.repository.repo }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.webhooks[Symbol.asyncDispose]()
    await this.#parts.emulator.close()
  }
}

/** Starts a GitHub in this process; it ends when it is disposed of. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  const { owner = 'acme', repo = 'shop' } = options
  const people = { ...PEOPLE, ...options.people }
  const webhookSecret = options.webhookSecret ?? randomBytes(24).toString('hex')
  const webhooks = new Webhooks({
    appId: APP.id,
    installationId: APP.installationId,
    secret: webhookSecret,
    events: EVENTS,
  })
  const keys = await generateKeyPair('RS256')
  const { emulator, inside, extension } = await startExtended(
    seedOf(owner, repo, people),
    (within) => {
      const events = new Events(within, webhooks)
      webhooks.addRoutes(within)
      for (const closeGap of GAPS) closeGap(within)
      openFrontDoor(within, () => events.settled())
      return { events, tokenService: addTokenService(within, keys) }
    },
  )
  const row = inside.rows.repos.findOneBy('full_name', `${owner}/${repo}`)
  const privateKey = emulator.generatedSecrets.find(({ id }) => id === `${APP.id}`)?.value
  if (!row || !privateKey) throw new TypeError('the emulator did not take its seed')
  addPeople(inside, row, people)
  const app = { ...APP, privateKey, webhookSecret }
  const github = new GitHub({ emulator, inside, webhooks, ...extension }, row, app)
  if (options.files) await github.as('admin').commit('main', options.files)
  if (options.requiredChecks) await protectMain(github, options.requiredChecks)
  webhooks.sendTo(options.webhookUrl ?? null)
  return github
}

function seedOf(owner: string, repo: string, people: Readonly<Record<string, Role>>) {
  const bots = [`${APP.slug}[bot]`, `${ACTIONS_APP.slug}[bot]`]
  return {
    tokens: {},
    github: {
      users: [...Object.keys(people), ...bots].map((login) => ({ login, name: login })),
      orgs: [{ login: owner }],
      repos: [{ owner, name: repo, private: true }],
      apps: [
        {
          app_id: APP.id,
          slug: APP.slug,
          name: 'Crossfade',
          permissions: PERMISSIONS,
          events: EVENTS,
          installations: [
            {
              installation_id: APP.installationId,
              account: owner,
              repository_selection: 'selected',
              repositories: [`${owner}/${repo}`],
            },
          ],
        },
      ],
    },
  }
}

function addPeople(
  { rows }: Inside,
  repository: RepositoryRow,
  people: Readonly<Record<string, Role>>,
): void {
  for (const user of rows.users.all()) {
    rows.users.update(user.id, {
      // The emulator starts with an account `admin` that stands above every rule.
      site_admin: false,
      type: user.login.endsWith('[bot]') ? 'Bot' : 'User',
    })
    const role = people[user.login] ?? 'none'
    if (role === 'none') continue
    const permission = STORED[role] ?? role
    rows.collaborators.insert({ repo_id: repository.id, user_id: user.id, permission })
  }
  rows.apps.insert({
    app_id: ACTIONS_APP.id,
    slug: ACTIONS_APP.slug,
    name: 'GitHub Actions',
    private_key: '',
    permissions: {},
    events: [],
    webhook_url: null,
    webhook_secret: null,
    description: null,
  })
}

async function protectMain(github: GitHub, contexts: readonly string[]): Promise<void> {
  const { owner, repo } = github.repository
  await github.as('admin').octokit.rest.repos.updateBranchProtection({
    owner,
    repo,
    branch: 'main',
    required_status_checks: { strict: false, contexts: [...contexts] },
    enforce_admins: true,
    required_pull_request_reviews: null,
    restrictions: null,
  })
}
