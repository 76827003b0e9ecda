import { authorise, ROLES, type Role, repositoryOf, roleOf, showUser } from './access.ts'
import { ApiError, type Inside } from './emulated.ts'

/** The older names, which know neither triage nor maintain. */
const LEGACY: Readonly<Record<Role, string>> = {
  none: 'none',
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
}

/**
 * The permission of a collaborator, in GitHub's words. The emulator says `push` for `write`, and takes every
 * member of an organisation for an admin.
 */
export function addPermission(inside: Inside): void {
  inside.app.get('/repos/:owner/:repo/collaborators/:login/permission', async (context) => {
    const repository = repositoryOf(inside, context)
    authorise(inside, context, { role: 'read', permission: 'metadata' })
    const user = inside.rows.users.findOneBy('login', context.req.param('login'))
    if (!user) throw new ApiError(404, 'Not Found')
    const role = roleOf(inside, repository, user)
    const has = (least: Role) => ROLES.indexOf(role) >= ROLES.indexOf(least)
    const permissions = {
      pull: has('read'),
      triage: has('triage'),
      push: has('write'),
      maintain: has('maintain'),
      admin: has('admin'),
    }
    const shown = await showUser(inside, user)
    return context.json({
      permission: LEGACY[role],
      role_name: role,
      user: { ...shown, permissions, role_name: role },
    })
  })
}
