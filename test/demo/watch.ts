import type { DeploymentState } from '../../src/deploy/deployment.ts'
import type { Store } from '../../src/store/database.ts'
import { listDeployRequests } from '../../src/store/deploy-requests.ts'
import { currentDeployment, type StoredDeployment } from '../../src/store/deployments.ts'
import type { GitHub } from '../support/github/github.ts'

/** Where a deploy request is looked up. */
export type Place = { readonly store: Store; readonly github: GitHub; readonly pull: number }

/** States that nothing leaves by itself and that no step of a good run waits for. */
const FAILED: ReadonlySet<DeploymentState> = new Set([
  'error',
  'complete_error',
  'complete_revert_error',
])

const LOOK_EVERY_MS = 200

export type Watch = {
  readonly withinMs: number
  /** Called at every look. */
  readonly onLook?: (stored: StoredDeployment) => void
  readonly signal?: AbortSignal
}

/** The deployment of a pull request; null before the Action has run. */
export async function findPullDeployment({ store, github, pull }: Place) {
  const key = { repositoryId: github.repository.id, pullRequest: pull }
  const [request] = await listDeployRequests(store, key)
  return request ? await currentDeployment(store, request.id) : null
}

/** Waits until the deployment is in the state; rejects when it failed or takes too long. */
export async function untilState(
  place: Place,
  wanted: DeploymentState,
  { withinMs, onLook, signal }: Watch,
): Promise<StoredDeployment> {
  const deadline = performance.now() + withinMs
  for (;;) {
    signal?.throwIfAborted()
    const stored = await findPullDeployment(place)
    if (stored) onLook?.(stored)
    const state = stored?.deployment.state
    if (stored && state === wanted) return stored
    if (state && FAILED.has(state)) throw new Error(describeFailure(stored))
    if (performance.now() > deadline) {
      const seconds = Math.round(withinMs / 1000)
      throw new Error(`the deployment is ${state ?? 'missing'}, not ${wanted}, after ${seconds} s`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

function describeFailure({ deployment }: StoredDeployment): string {
  if (deployment.state === 'error') {
    return deployment.errors.map(({ code, message }) => `${code}: ${message}`).join(' ')
  }
  const failure = 'failure' in deployment ? deployment.failure : null
  return `the deployment is ${deployment.state}: ${failure?.code} ${failure?.message}`
}

/** Waits until the bot's living comment is there and says `words`, and returns it. */
export async function untilComment(
  { github, pull }: Pick<Place, 'github' | 'pull'>,
  words: string,
  { withinMs, signal }: Watch,
): Promise<string> {
  const deadline = performance.now() + withinMs
  for (;;) {
    signal?.throwIfAborted()
    const comments = await github.comments(pull)
    const living = comments.find(({ by }) => by === `${github.app.slug}[bot]`)
    if (living?.body.includes(words)) return living.body
    if (performance.now() > deadline) throw new Error(`no comment of the bot says “${words}”`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Waits until the required check of a pull request's head has this conclusion. */
export async function untilCheck(
  { github, pull }: Pick<Place, 'github' | 'pull'>,
  conclusion: string,
  { withinMs, signal }: Watch,
): Promise<void> {
  const deadline = performance.now() + withinMs
  const { head } = await github.pullRequest(pull)
  for (;;) {
    signal?.throwIfAborted()
    const check = (await github.checks(head.sha)).find(({ name }) => name === 'schema')
    if (check?.conclusion === conclusion) return
    if (performance.now() > deadline) {
      throw new Error(`the check is ${check?.conclusion ?? check?.status}, not ${conclusion}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
