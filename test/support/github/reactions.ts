import { authorise, repositoryOf, showUser } from './access.ts'
import { ApiError, type Inside, type RequestContext } from './emulated.ts'

const CONTENTS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']

type Reaction = {
  readonly id: number
  readonly commentId: number
  readonly userId: number
  readonly content: string
  readonly user: unknown
  readonly createdAt: string
}

/** Reactions on the comments of issues and pull requests, which the emulator has none of. */
export function addReactions(inside: Inside): void {
  const { app } = inside
  const path = '/repos/:owner/:repo/issues/comments/:comment_id/reactions'
  const reactions = new Map<number, Reaction>()
  let lastId = 0

  app.get(path, (context) => {
    authorise(inside, context, { role: 'read', permission: 'issues' })
    const commentId = commentOf(inside, context)
    const found = [...reactions.values()].filter((reaction) => reaction.commentId === commentId)
    return context.json(found.map(show))
  })

  app.post(path, async (context) => {
    const user = authorise(inside, context, { role: 'read', permission: 'issues' })
    const commentId = commentOf(inside, context)
    const { content } = await context.req.json<{ content?: string }>()
    if (!content || !CONTENTS.includes(content)) throw new ApiError(422, 'Validation Failed')
    const shown = await showUser(inside, user)
    const existing = [...reactions.values()].find(
      (reaction) =>
        reaction.commentId === commentId &&
        reaction.userId === user.id &&
        reaction.content === content,
    )
    if (existing) return context.json(show(existing), 200)
    lastId += 1
    const createdAt = new Date().toISOString()
    const made = { id: lastId, commentId, userId: user.id, content, user: shown, createdAt }
    reactions.set(made.id, made)
    return context.json(show(made), 201)
  })

  app.delete(`${path}/:reaction_id`, (context) => {
    const user = authorise(inside, context, { role: 'read', permission: 'issues' })
    commentOf(inside, context)
    const id = Number(context.req.param('reaction_id'))
    if (reactions.get(id)?.userId !== user.id) throw new ApiError(404, 'Not Found')
    reactions.delete(id)
    return context.body(null, 204)
  })
}

function show({ id, user, content, createdAt }: Reaction) {
  return { id, user, content, created_at: createdAt }
}

function commentOf(inside: Inside, context: RequestContext): number {
  const repository = repositoryOf(inside, context)
  const comment = inside.rows.comments.get(Number(context.req.param('comment_id')))
  if (comment?.repo_id !== repository.id || comment.comment_type !== 'issue') {
    throw new ApiError(404, 'Not Found')
  }
  return comment.id
}
