import { planOf } from '../../src/deploy/deployment.ts'
import type { DeployRequest } from '../../src/deploy/request.ts'
import type { CommentView } from '../../src/render/comment.ts'
import { type AuditEntry, listAudit } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/database.ts'
import { currentDeployment } from '../../src/store/deployments.ts'
import { findPlan } from '../../src/store/plans.ts'
import { findReview } from '../../src/store/reviews.ts'

/** All that is shown of a deploy request; null before it has a deployment. */
export async function showRequest(
  store: Store,
  request: DeployRequest,
): Promise<(CommentView & { readonly timeline: readonly AuditEntry[] }) | null> {
  const current = await currentDeployment(store, request.id)
  if (!current) return null
  const digest = planOf(current.deployment)
  return {
    request,
    deployment: current.deployment,
    plan: digest && (await findPlan(store, digest)),
    review: digest && (await findReview(store, { deployRequestId: request.id, digest })),
    progress: current.progress,
    notices: [],
    timeline: await listAudit(store, request.id),
    url: null,
  }
}
