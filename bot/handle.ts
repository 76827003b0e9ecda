import { listDeployRequests, projectAgain } from '../src/store/deploy-requests.ts'
import type { InboxItem } from '../src/store/inbox.ts'
import { findProjection, saveProjection } from '../src/store/projections.ts'
import { onComment } from './command/comment.ts'
import { type Ask, interpretEvent } from './events.ts'
import type { Parts } from './parts.ts'
import { commentSubject } from './projector/reconcile.ts'
import { onClosed, onHead } from './pull-request.ts'

/** Does what a delivery asks for. Safe to repeat: a command is run once, and equal writings are not sent. */
export async function handleDelivery(parts: Parts, item: InboxItem): Promise<void> {
  const ask = interpretEvent(item.event, JSON.parse(item.body))
  switch (ask.kind) {
    case 'ignore':
      return
    case 'head':
      return await onHead(parts, ask)
    case 'closed':
      return await onClosed(parts, ask)
    case 'comment':
      return await onComment(parts, { ask, isFirst: item.attempts === 1 })
    case 'rewrite':
      return await onRewrite(parts, ask)
  }
}

/** Somebody edited or deleted a comment. Ours is written again; all others are none of our business. */
async function onRewrite(
  { store, ring }: Parts,
  { pull, commentId }: Ask & { readonly kind: 'rewrite' },
): Promise<void> {
  const written = await findProjection(store, commentSubject(pull))
  if (written?.githubId !== commentId) return
  await saveProjection(store, { ...written, hash: 'edited by somebody else' })
  const key = { repositoryId: pull.repositoryId, pullRequest: pull.number }
  const [request] = await listDeployRequests(store, key)
  if (!request) return
  await projectAgain(store, request.id)
  ring()
}
