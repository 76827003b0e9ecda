import { sql } from 'kysely'
import {
  type By,
  type CommitSha,
  type DeployRequest,
  type DeployRequestNumber,
  parseCommitSha,
  parseDeployRequestNumber,
  type Repository,
} from '../deploy/request.ts'
import { recordAction } from './audit.ts'
import type { DeployRequestRow, Store } from './database.ts'
import { inTransaction } from './transaction.ts'

/** What a pull request says about itself when a deploy request is opened or brought up to date. */
export type Opening = {
  readonly repository: Repository
  readonly installationId: number
  readonly pullRequest: number
  readonly database: string
  readonly branch: string
  readonly head: CommitSha
  readonly base: CommitSha
  readonly author: string
}

export type Opened = {
  readonly request: DeployRequest
  /** What the call changed. `reopened` may have moved the head, too. */
  readonly change: 'created' | 'reopened' | 'head_moved' | 'none'
}

/**
 * Opens the deploy request of a pull request, database and branch, or brings it up to date: there is one for
 * the three, whoever asks and however many ask at once.
 */
export async function openDeployRequest(
  store: Store,
  opening: Opening,
  { at, by }: { readonly at: Date; readonly by: By },
): Promise<Opened> {
  return inTransaction(store, async (trx) => {
    await lockNumbers(trx, opening)
    const row = await trx
      .selectFrom('deploy_request')
      .selectAll()
      .where('repository_id', '=', opening.repository.id)
      .where('pull_request', '=', opening.pullRequest)
      .where('database_name', '=', opening.database)
      .where('branch_name', '=', opening.branch)
      .forUpdate()
      .executeTakeFirst()
    const id = row?.id ?? (await insert(trx, opening, at))
    const change = row ? changeOf(row, opening) : 'created'
    if (row) await update(trx, row.id, { opening, at })
    if (change !== 'none') {
      const action = change === 'created' ? 'opened' : change
      await recordAction(trx, { deployRequestId: id, at, by, action })
    }
    return { request: await requireDeployRequest(trx, id), change }
  })
}

function changeOf(row: DeployRequestRow, opening: Opening): Opened['change'] {
  if (row.state === 'closed') return 'reopened'
  return row.head_sha === opening.head && row.base_sha === opening.base ? 'none' : 'head_moved'
}

/** Makes openings in one repository and database wait for each other, so that none finds a row half made. */
async function lockNumbers(store: Store, { repository, database }: Opening): Promise<void> {
  await sql`INSERT INTO deploy_request_number (repository_id, database_name, last_number)
    VALUES (${repository.id}, ${database}, 0)
    ON DUPLICATE KEY UPDATE last_number = last_number`.execute(store)
}

async function insert(store: Store, opening: Opening, at: Date): Promise<number> {
  const { repository, database } = opening
  await store
    .updateTable('deploy_request_number')
    .set({ last_number: sql`last_number + 1` })
    .where('repository_id', '=', repository.id)
    .where('database_name', '=', database)
    .execute()
  const { last_number } = await store
    .selectFrom('deploy_request_number')
    .select('last_number')
    .where('repository_id', '=', repository.id)
    .where('database_name', '=', database)
    .executeTakeFirstOrThrow()
  const { insertId } = await store
    .insertInto('deploy_request')
    .values({
      number: last_number,
      repository_id: repository.id,
      repository_owner: repository.owner,
      repository_name: repository.name,
      installation_id: opening.installationId,
      pull_request: opening.pullRequest,
      database_name: database,
      branch_name: opening.branch,
      head_sha: opening.head,
      base_sha: opening.base,
      author: opening.author,
      state: 'open',
      created_at: at,
      updated_at: at,
      closed_at: null,
    })
    .executeTakeFirstOrThrow()
  return Number(insertId)
}

async function update(
  store: Store,
  id: number,
  { opening, at }: { readonly opening: Opening; readonly at: Date },
): Promise<void> {
  await store
    .updateTable('deploy_request')
    .set({
      repository_owner: opening.repository.owner,
      repository_name: opening.repository.name,
      installation_id: opening.installationId,
      head_sha: opening.head,
      base_sha: opening.base,
      state: 'open',
      closed_at: null,
      updated_at: at,
      revision: sql`revision + 1`,
    })
    .where('id', '=', id)
    .execute()
}

/** Closes it; false when it was closed already. Its deployment is told by an event of its own. */
export async function closeDeployRequest(
  store: Store,
  id: number,
  { at, by }: { readonly at: Date; readonly by: By },
): Promise<boolean> {
  return inTransaction(store, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('deploy_request')
      .set({ state: 'closed', closed_at: at, updated_at: at, revision: sql`revision + 1` })
      .where('id', '=', id)
      .where('state', '=', 'open')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await recordAction(trx, { deployRequestId: id, at, by, action: 'closed' })
    return true
  })
}

export async function findDeployRequest(store: Store, id: number): Promise<DeployRequest | null> {
  const row = await store
    .selectFrom('deploy_request')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row ? toDeployRequest(row) : null
}

/** The deploy request with this id, which is known to exist. */
export async function requireDeployRequest(store: Store, id: number): Promise<DeployRequest> {
  const request = await findDeployRequest(store, id)
  if (!request) throw new TypeError(`there is no deploy request with the id ${id}`)
  return request
}

export async function findDeployRequestByNumber(
  store: Store,
  key: {
    readonly repositoryId: number
    readonly database: string
    readonly number: DeployRequestNumber
  },
): Promise<DeployRequest | null> {
  const row = await store
    .selectFrom('deploy_request')
    .selectAll()
    .where('repository_id', '=', key.repositoryId)
    .where('database_name', '=', key.database)
    .where('number', '=', key.number)
    .executeTakeFirst()
  return row ? toDeployRequest(row) : null
}

/** All deploy requests of a pull request, open and closed, in the order in which they were opened. */
export async function listDeployRequests(
  store: Store,
  key: { readonly repositoryId: number; readonly pullRequest: number },
): Promise<DeployRequest[]> {
  const rows = await store
    .selectFrom('deploy_request')
    .selectAll()
    .where('repository_id', '=', key.repositoryId)
    .where('pull_request', '=', key.pullRequest)
    .orderBy('id')
    .execute()
  return rows.map(toDeployRequest)
}

/** A deploy request that changed since GitHub was last made to show it. */
export type Unprojected = { readonly id: number; readonly revision: number }

/** What the projector has to look at, the longest waiting first. */
export async function listUnprojected(store: Store, limit: number): Promise<Unprojected[]> {
  return store
    .selectFrom('deploy_request')
    .select(['id', 'revision'])
    .whereRef('projected_revision', '<', 'revision')
    .orderBy('updated_at')
    .limit(limit)
    .execute()
}

/** GitHub shows `revision` now; a change that came meanwhile stays to be shown. */
export async function markProjected(store: Store, { id, revision }: Unprojected): Promise<void> {
  await store
    .updateTable('deploy_request')
    .set({ projected_revision: revision })
    .where('id', '=', id)
    .where('projected_revision', '<', revision)
    .execute()
}

/** Makes the projector look at it again, although nothing changed. */
export async function projectAgain(store: Store, id: number): Promise<void> {
  await store
    .updateTable('deploy_request')
    .set({ revision: sql`revision + 1` })
    .where('id', '=', id)
    .execute()
}

function toDeployRequest(row: DeployRequestRow): DeployRequest {
  return {
    id: row.id,
    number: parseDeployRequestNumber(row.number),
    repository: {
      owner: row.repository_owner,
      name: row.repository_name,
      id: row.repository_id,
    },
    installationId: row.installation_id,
    pullRequest: row.pull_request,
    database: row.database_name,
    branch: row.branch_name,
    head: parseCommitSha(row.head_sha),
    base: parseCommitSha(row.base_sha),
    author: row.author,
    state: row.state,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at,
  }
}
