import { Refusal } from '../../src/errors.ts'
import type { Permission } from '../projector/github.ts'
import { VERBS, type Verb } from './grammar.ts'

/** What GitHub says about a person at the moment of the command; nothing of it is ever kept. */
export type Standing = {
  readonly permission: Permission
  /** Whether the person is one of the branch's deployers, or the branch names none. */
  readonly isDeployer: boolean
}

const RANK: Readonly<Record<Permission, number>> = {
  none: 0,
  read: 1,
  triage: 2,
  write: 3,
  maintain: 4,
  admin: 5,
}

/**
 * Lets a person run a verb, or refuses.
 *
 * @throws {Refusal} PERMISSION_DENIED naming what was checked.
 */
export function authorize(verb: Verb, login: string, { permission, isDeployer }: Standing): void {
  const needed = VERBS[verb].permission
  if (RANK[permission] < RANK[needed]) {
    throw denied(
      `/${verb} needs the ${needed} permission in this repository; ${login} has ${permission}.`,
      `Ask somebody with the ${needed} permission to comment \`/${verb}\`.`,
    )
  }
  if (needed === 'write' && !isDeployer) {
    throw denied(
      `/${verb} is kept to the deployers of this branch, and ${login} is not one of them.`,
      'Ask one of the `deployers` in `.github/crossfade.yml` of the default branch.',
    )
  }
}

/** Whether a permission is enough for what changes something. */
export function mayWrite(permission: Permission): boolean {
  return RANK[permission] >= RANK.write
}

function denied(message: string, next: string): Refusal {
  return new Refusal('PERMISSION_DENIED', message, { next })
}
