import { type Actor, ApiError, type Inside, type RequestContext } from './emulated.ts'
import type { RepositoryRow, UserRow } from './rows.ts'

/** What somebody may do in a repository, from nothing to everything. */
export const ROLES = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const

export type Role = (typeof ROLES)[number]

/** The emulator's names for the roles of a collaborator. */
const STORED: Readonly<Record<string, Role>> = { pull: 'read', push: 'write' }

/** The repository of a request. */
export function repositoryOf({ rows }: Inside, context: RequestContext): RepositoryRow {
  const name = `${context.req.param('owner')}/${context.req.param('repo')}`
  const repository = rows.repos.findOneBy('full_name', name)
  if (!repository) throw new ApiError(404, 'Not Found')
  return repository
}

/** The role of a person in a repository. */
export function roleOf({ rows }: Inside, repository: RepositoryRow, user: UserRow): Role {
  if (repository.owner_type === 'User' && repository.owner_id === user.id) return 'admin'
  const stored = rows.collaborators
    .findBy('repo_id', repository.id)
    .find(({ user_id }) => user_id === user.id)?.permission
  if (stored === undefined) return repository.private ? 'none' : 'read'
  return STORED[stored] ?? ROLES.find((role) => role === stored) ?? 'none'
}

/**
 * Who asks, if they may: a person needs `role`; an installation needs `write` on `permission`, or `read` of it
 * where `role` is read.
 */
export function authorise(
  inside: Inside,
  context: RequestContext,
  need: { readonly role: Role; readonly permission: string },
): UserRow {
  const actor: Actor | undefined = context.get('authUser')
  if (!actor) throw new ApiError(401, 'Requires authentication')
  const user = userOf(inside, actor)
  if (actor.installation) {
    const granted = actor.installation.permissions[need.permission]
    const enough = granted === 'write' || (granted === 'read' && need.role === 'read')
    if (!enough) throw new ApiError(403, 'Resource not accessible by integration')
    return user
  }
  const role = roleOf(inside, repositoryOf(inside, context), user)
  // A private repository does not exist for those who may not read it.
  if (role === 'none') throw new ApiError(404, 'Not Found')
  if (ROLES.indexOf(role) < ROLES.indexOf(need.role)) throw new ApiError(403, 'Forbidden')
  return user
}

/** The account that acts: the person, or the bot of the App. */
function userOf({ rows }: Inside, { login, installation }: Actor): UserRow {
  const app = installation && rows.apps.findOneBy('app_id', installation.appId)
  const user = rows.users.findOneBy('login', app ? `${app.slug}[bot]` : login)
  if (!user) throw new ApiError(401, 'Requires authentication')
  return user
}

/** What the API shows of an account. */
export function showUser(inside: Inside, user: UserRow) {
  return inside.call<Readonly<Record<string, unknown>>>('GET', `/users/${user.login}`)
}
