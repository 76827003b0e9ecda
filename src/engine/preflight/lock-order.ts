import { Refusal } from '../../errors.ts'
import { tableNames } from '../../mysql/identifier.ts'
import { lockOrder } from '../../mysql/lock-order.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Check } from './check.ts'

/** With fewer, writers could come before the RENAME that a locker of ours hands its table to. */
const LEAST_WRITE_LOCKS = 100

/** What the chain of lockers relies on (cutover-mariadb.ts): the order in which locks are taken and granted. */
export const checkLockOrder: Check = async ({ session, server, request, tables }) => {
  if (server.flavour === 'mysql') return []
  const order = await lockOrder(session)
  const misplaced = tables
    .map(({ operation, shape }) => tableNames(request.id, shape?.name ?? operation.table))
    .filter(({ live, shadow, old }) => order(live, shadow) >= 0 || order(live, old) >= 0)
    .map(
      ({ live }) =>
        new Refusal(
          'TABLE_UNSUPPORTED',
          `The name of ${live} sorts after the names that its copies would get.`,
          { next: `Rename ${live} to a name of at most 40 characters first.` },
        ),
    )
  const variables = await readVariables(session, ['max_write_lock_count'])
  if (Number(variables.get('max_write_lock_count') ?? LEAST_WRITE_LOCKS) >= LEAST_WRITE_LOCKS) {
    return misplaced
  }
  return [
    ...misplaced,
    new Refusal(
      'SERVER_UNSUPPORTED',
      `The server lets writers overtake a RENAME (max_write_lock_count is under ${LEAST_WRITE_LOCKS}).`,
      { next: 'Run SET GLOBAL max_write_lock_count = DEFAULT.' },
    ),
  ]
}
