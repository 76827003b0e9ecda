import { authorise, repositoryOf, showUser } from './access.ts'
import { ApiError, type Inside, type RequestContext } from './emulated.ts'

const STATES = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']

type Fields = Readonly<Record<string, unknown>>

type Deployment = Fields & {
  readonly id: number
  readonly repositoryId: number
  readonly sha: string
  readonly environment: string
  /** The newest first. */
  readonly statuses: Fields[]
}

/** Deployments and their statuses, which the emulator has none of. */
export function addDeployments(inside: Inside): void {
  const { app } = inside
  const path = '/repos/:owner/:repo/deployments'
  const deployments: Deployment[] = []
  const find = (context: RequestContext): Deployment => {
    const repository = repositoryOf(inside, context)
    const id = Number(context.req.param('deployment_id'))
    const found = deployments.find((one) => one.id === id && one.repositoryId === repository.id)
    if (!found) throw new ApiError(404, 'Not Found')
    return found
  }

  app.post(path, async (context) => {
    const user = authorise(inside, context, { role: 'write', permission: 'deployments' })
    const repository = repositoryOf(inside, context)
    const body = await context.req.json<Fields & { ref?: string; environment?: string }>()
    if (!body.ref) throw new ApiError(422, 'Validation Failed')
    const commit = `/repos/${repository.full_name}/commits/${body.ref}`
    const deployment: Deployment = {
      id: deployments.length + 1,
      repositoryId: repository.id,
      sha: (await inside.call<{ sha: string }>('GET', commit)).sha,
      ref: body.ref,
      task: body.task ?? 'deploy',
      environment: body.environment ?? 'production',
      description: body.description ?? null,
      payload: body.payload ?? {},
      creator: await showUser(inside, user),
      created_at: new Date().toISOString(),
      statuses: [],
    }
    deployments.unshift(deployment)
    return context.json(show(deployment), 201)
  })

  app.get(path, (context) => {
    authorise(inside, context, { role: 'read', permission: 'deployments' })
    const repository = repositoryOf(inside, context)
    const found = deployments.filter(
      (one) =>
        one.repositoryId === repository.id &&
        (context.req.query('environment') ?? one.environment) === one.environment &&
        (context.req.query('sha') ?? one.sha) === one.sha,
    )
    return context.json(found.map(show))
  })

  app.post(`${path}/:deployment_id/statuses`, async (context) => {
    const user = authorise(inside, context, { role: 'write', permission: 'deployments' })
    const deployment = find(context)
    const body = await context.req.json<Fields & { state?: string }>()
    if (!body.state || !STATES.includes(body.state)) throw new ApiError(422, 'Validation Failed')
    const status = {
      id: deployment.statuses.length + 1,
      state: body.state,
      description: body.description ?? '',
      log_url: body.log_url ?? '',
      environment_url: body.environment_url ?? '',
      environment: deployment.environment,
      creator: await showUser(inside, user),
      created_at: new Date().toISOString(),
    }
    deployment.statuses.unshift(status)
    return context.json(status, 201)
  })

  app.get(`${path}/:deployment_id/statuses`, (context) => {
    authorise(inside, context, { role: 'read', permission: 'deployments' })
    return context.json(find(context).statuses)
  })
}

function show({ repositoryId: _, statuses: __, ...shown }: Deployment) {
  return shown
}
