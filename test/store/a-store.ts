import type { By, CommitSha, DeployRequest } from '../../src/deploy/request.ts'
import type { Store } from '../../src/store/database.ts'
import { type Opening, openDeployRequest } from '../../src/store/deploy-requests.ts'
import { openStore } from '../../src/store/open.ts'
import { test as base } from '../support/mysql.ts'

/** `test` with an empty store on the server of this project. */
export const test = base.extend('store', async ({ mysql }, { onCleanup }): Promise<Store> => {
  const store = await openStore(mysql.url)
  onCleanup(() => store.destroy())
  return store
})

export const AT = new Date('2026-03-01T12:00:00.123Z')
export const LATER = new Date('2026-03-01T12:30:00.456Z')
export const ALICE: By = { actor: 'alice', via: 'comment' }
export const ENGINE: By = { actor: 'engine', via: 'engine' }

/** What pull request 7 of acme/app says of itself, but for `changes`. */
export function anOpening(changes: Partial<Opening> = {}): Opening {
  return {
    repository: { owner: 'acme', name: 'app', id: 42 },
    installationId: 9,
    pullRequest: 7,
    database: 'shop',
    branch: 'production',
    head: 'a'.repeat(40) as CommitSha,
    base: 'b'.repeat(40) as CommitSha,
    author: 'alice',
    ...changes,
  }
}

/** An open deploy request. */
export async function aRequest(store: Store, changes?: Partial<Opening>): Promise<DeployRequest> {
  const { request } = await openDeployRequest(store, anOpening(changes), { at: AT, by: ALICE })
  return request
}
