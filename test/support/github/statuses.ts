import { authorise, repositoryOf, showUser } from './access.ts'
import { ApiError, type Inside, type RequestContext } from './emulated.ts'

const STATES = ['error', 'failure', 'pending', 'success']

type StatusBody = {
  readonly state?: string
  readonly context?: string
  readonly description?: string
  readonly target_url?: string
}

type Status = Readonly<Record<string, unknown>> & {
  readonly repositoryId: number
  readonly sha: string
  readonly state: string
  readonly context: string
}

/** Statuses of commits, which the emulator has none of. */
export function addStatuses(inside: Inside): void {
  const { app } = inside
  /** The newest first, as the API lists them. */
  const statuses: Status[] = []
  const statusesOf = (context: RequestContext, sha: string) => {
    const repository = repositoryOf(inside, context)
    return statuses.filter((status) => status.repositoryId === repository.id && status.sha === sha)
  }

  app.post('/repos/:owner/:repo/statuses/:sha', async (context) => {
    const user = authorise(inside, context, { role: 'write', permission: 'statuses' })
    const repository = repositoryOf(inside, context)
    const sha = await commitOf(inside, context, context.req.param('sha'))
    const body = await context.req.json<StatusBody>()
    if (!body.state || !STATES.includes(body.state)) throw new ApiError(422, 'Validation Failed')
    const status: Status = {
      repositoryId: repository.id,
      sha,
      id: statuses.length + 1,
      state: body.state,
      context: body.context ?? 'default',
      description: body.description ?? null,
      target_url: body.target_url ?? null,
      creator: await showUser(inside, user),
      created_at: new Date().toISOString(),
    }
    statuses.unshift(status)
    return context.json(show(status), 201)
  })

  app.get('/repos/:owner/:repo/commits/:ref{.+}/statuses', async (context) => {
    authorise(inside, context, { role: 'read', permission: 'statuses' })
    const sha = await commitOf(inside, context, context.req.param('ref'))
    return context.json(statusesOf(context, sha).map(show))
  })

  app.get('/repos/:owner/:repo/commits/:ref{.+}/status', async (context) => {
    authorise(inside, context, { role: 'read', permission: 'statuses' })
    const sha = await commitOf(inside, context, context.req.param('ref'))
    const found = statusesOf(context, sha)
    const latest = found.filter(
      (status, index) => found.findIndex((other) => other.context === status.context) === index,
    )
    return context.json({
      state: combine(latest.map(({ state }) => state)),
      sha,
      total_count: latest.length,
      statuses: latest.map(show),
    })
  })
}

function show({ repositoryId: _, ...shown }: Status) {
  return shown
}

function combine(states: readonly string[]): string {
  if (states.some((state) => state === 'error' || state === 'failure')) return 'failure'
  return states.length > 0 && states.every((state) => state === 'success') ? 'success' : 'pending'
}

async function commitOf(inside: Inside, context: RequestContext, ref: string): Promise<string> {
  const { full_name } = repositoryOf(inside, context)
  return (await inside.call<{ sha: string }>('GET', `/repos/${full_name}/commits/${ref}`)).sha
}
