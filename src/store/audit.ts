import type { DeploymentState } from '../deploy/deployment.ts'
import type { PlanDigest } from '../deploy/digest.ts'
import { parsePlanDigest } from '../deploy/digest.ts'
import type { By } from '../deploy/request.ts'
import type { Store } from './database.ts'

/** One line of the record: who made what happen, when, and from where. */
export type AuditEntry = {
  readonly deployRequestId: number
  readonly deploymentId: number | null
  readonly at: Date
  readonly by: By
  /** The type of a deployment's event, or `opened`, `reopened`, `head_moved`, `closed`, `refused`. */
  readonly action: string
  readonly digest: PlanDigest | null
  /** The deployment's state after it; null for what concerns the request alone. */
  readonly state: DeploymentState | null
  /** What else there is to know, as JSON; never credentials or values of rows. */
  readonly detail: unknown
}

type NewEntry = Pick<AuditEntry, 'deployRequestId' | 'at' | 'by' | 'action'> & Partial<AuditEntry>

/** Adds a line. Lines are never changed and never taken away. */
export async function recordAction(store: Store, entry: NewEntry): Promise<void> {
  const { deploymentId = null, digest = null, state = null, detail = null } = entry
  await store
    .insertInto('audit')
    .values({
      deploy_request_id: entry.deployRequestId,
      deployment_id: deploymentId,
      at: entry.at,
      actor: entry.by.actor,
      via: entry.by.via,
      action: entry.action,
      plan_digest: digest,
      state,
      detail: detail === null ? null : JSON.stringify(detail),
    })
    .execute()
}

/** The record of a deploy request, oldest line first. */
export async function listAudit(store: Store, deployRequestId: number): Promise<AuditEntry[]> {
  const rows = await store
    .selectFrom('audit')
    .selectAll()
    .where('deploy_request_id', '=', deployRequestId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    deployRequestId: row.deploy_request_id,
    deploymentId: row.deployment_id,
    at: row.at,
    by: { actor: row.actor, via: row.via },
    action: row.action,
    digest: row.plan_digest === null ? null : parsePlanDigest(row.plan_digest),
    state: row.state,
    detail: row.detail === null ? null : JSON.parse(row.detail),
  }))
}
