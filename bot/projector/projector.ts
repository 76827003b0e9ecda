import { type Config, DEFAULT_BRANCH } from '../../src/deploy/config.ts'
import type { DeployRequest } from '../../src/deploy/request.ts'
import { renderPendingCheck } from '../../src/render/check.ts'
import { listAudit } from '../../src/store/audit.ts'
import {
  listDeployRequests,
  listUnprojected,
  markProjected,
  requireDeployRequest,
  type Unprojected,
} from '../../src/store/deploy-requests.ts'
import { currentDeployment } from '../../src/store/deployments.ts'
import type { Bell } from '../bell.ts'
import type { PullRequestRef } from '../events.ts'
import { underLease } from '../lease.ts'
import type { Parts } from '../parts.ts'
import { findRepositoryConfig, listTouchedDatabases } from '../repository-config.ts'
import { desiredOf, type Shown } from './desired.ts'
import type { RepositoryClient } from './github.ts'
import { writeCheck, writeComment, writeReaction } from './reconcile.ts'
import { showRequest } from './show.ts'

export type ProjectorOptions = {
  readonly parts: Parts
  readonly bell: Bell
  readonly owner: string
  readonly signal: AbortSignal
}

const POLL_MS = 500
/** Progress alone is written this often: people read it, and GitHub counts every call. */
const PROGRESS_EVERY_MS = 3_000
const BATCH = 50
const MAX_BACK_OFF_MS = 60_000

/** What this process remembers of a pull request between two writings; losing it costs a call at most. */
type Memory = {
  readonly state: string
  readonly writtenAt: number
  readonly failures: number
  readonly notBefore: number
}

/** Makes GitHub show what the store says, until the signal is aborted. */
export async function runProjector({
  parts,
  bell,
  owner,
  signal,
}: ProjectorOptions): Promise<void> {
  const projector = new Projector(parts, owner)
  while (!signal.aborted) {
    try {
      await projector.look()
    } catch (error) {
      parts.log.error('the projector could not look', error)
    }
    await bell.wait(POLL_MS, signal)
  }
  await projector.idle()
}

type Changed = { readonly request: DeployRequest; readonly revision: Unprojected }

/** Looks for pull requests that changed and writes each at its own pace. */
class Projector {
  readonly #parts: Parts
  readonly #owner: string
  readonly #memories = new Map<string, Memory>()
  readonly #writing = new Map<string, Promise<void>>()
  readonly #configs = new Remembered<Config | null>()
  readonly #touched = new Remembered<readonly string[]>()

  constructor(parts: Parts, owner: string) {
    this.#parts = parts
    this.#owner = owner
  }

  async look(): Promise<void> {
    const { store } = this.#parts
    const pulls = new Map<string, Changed[]>()
    for (const revision of await listUnprojected(store, BATCH)) {
      const request = await requireDeployRequest(store, revision.id)
      const key = `${request.repository.id}:${request.pullRequest}`
      pulls.set(key, [...(pulls.get(key) ?? []), { request, revision }])
    }
    for (const [key, changed] of pulls) {
      // GitHub may make one of them wait for long; the others go on meanwhile.
      if (this.#writing.has(key)) continue
      const writing = this.#bringUpToDate(key, changed).finally(() => this.#writing.delete(key))
      this.#writing.set(key, writing)
    }
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await Promise.all(this.#writing.values())
  }

  /** Never rejects: what went wrong is tried again later. */
  async #bringUpToDate(key: string, changed: readonly Changed[]): Promise<void> {
    const memory = this.#memories.get(key)
    const now = performance.now()
    if (memory && now < memory.notBefore) return
    try {
      const state = await this.#stateOf(changed)
      if (memory?.state === state && now - memory.writtenAt < PROGRESS_EVERY_MS) return
      if (!(await this.#write(key, changed))) return
      this.#memories.set(key, { state, writtenAt: now, failures: 0, notBefore: 0 })
    } catch (error) {
      const failures = (memory?.failures ?? 0) + 1
      const backOffMs = Math.min(MAX_BACK_OFF_MS, 1000 * 2 ** (failures - 1))
      this.#parts.log.error('GitHub could not be brought up to date', error, {
        pull: key,
        backOffMs,
      })
      this.#memories.set(key, { state: '', writtenAt: 0, failures, notBefore: now + backOffMs })
    }
  }

  /** False when another process is at it. */
  async #write(key: string, changed: readonly Changed[]): Promise<boolean> {
    const [first] = changed
    if (!first) return true
    const lease = { name: `projector:${key}`, owner: this.#owner }
    return await underLease(this.#parts, lease, async () => {
      await this.#project(first.request)
      for (const { revision } of changed) await markProjected(this.#parts.store, revision)
    })
  }

  /** Changes with everything but progress. */
  async #stateOf(changed: readonly Changed[]): Promise<string> {
    const { store } = this.#parts
    const states = changed.map(async ({ request }) => {
      const current = await currentDeployment(store, request.id)
      const audit = await listAudit(store, request.id)
      return `${request.head} ${request.state} ${current?.id} ${current?.version} ${audit.length}`
    })
    return (await Promise.all(states)).join('\n')
  }

  async #project(request: DeployRequest): Promise<void> {
    const { store, github } = this.#parts
    const pull = pullOf(request)
    const client = await github(pull)
    const key = { repositoryId: pull.repositoryId, pullRequest: pull.number }
    const config = await this.#configs.get(String(pull.repositoryId), () =>
      findRepositoryConfig(client),
    )
    const requests = await listDeployRequests(store, key)
    const shown = await Promise.all(requests.map((one) => this.#show(one, config)))
    const known = shown.filter((one) => one !== null)
    if (known.length === 0) return
    const place = { client, pull }
    const desired = desiredOf(known)
    await writeComment(this.#parts, { ...place, quiet: desired.quiet }, desired.comment)
    for (const { headSha, check } of desired.checks) {
      const proven = check.conclusion !== 'success' || (await this.#hasAll(client, requests))
      await writeCheck(this.#parts, { ...place, headSha }, proven ? check : renderPendingCheck())
    }
    for (const reaction of desired.reactions) await writeReaction(this.#parts, place, reaction)
  }

  /** Whether every database that the pull request touches has its request: green says so of all of them. */
  async #hasAll(client: RepositoryClient, requests: readonly DeployRequest[]): Promise<boolean> {
    const [first] = requests
    if (!first) return false
    const heads = requests.map(({ head }) => head).join()
    const touched = await this.#touched.get(`${first.repository.id}:${heads}`, () =>
      listTouchedDatabases(client, first.pullRequest),
    )
    const known = new Set(requests.map(({ database }) => database))
    return touched.every((database) => known.has(database))
  }

  async #show(request: DeployRequest, config: Config | null): Promise<Shown | null> {
    const view = await showRequest(this.#parts.store, request)
    if (!view) return null
    const { deploy } =
      config?.databases[request.database]?.branches[request.branch] ?? DEFAULT_BRANCH
    return { view: { ...view, policy: deploy }, audit: view.timeline }
  }
}

const REMEMBERED_MS = 60_000
const MOST_REMEMBERED = 1_000

/** Answers of GitHub that hold for a minute, so that progress does not cost a call for each of them. */
class Remembered<T> {
  readonly #answers = new Map<string, { readonly value: T; readonly at: number }>()

  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key)
    if (known && performance.now() - known.at < REMEMBERED_MS) return known.value
    const value = await ask()
    if (this.#answers.size >= MOST_REMEMBERED) this.#answers.clear()
    this.#answers.set(key, { value, at: performance.now() })
    return value
  }
}

function pullOf({ installationId, repository, pullRequest }: DeployRequest): PullRequestRef {
  return {
    installationId,
    repositoryId: repository.id,
    owner: repository.owner,
    repo: repository.name,
    number: pullRequest,
  }
}
