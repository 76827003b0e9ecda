import { Refusal } from '../../errors.ts'
import { checkBinlog } from './binlog.ts'
import { checkBinlogFilter } from './binlog-filter.ts'
import { checkBinlogRetention } from './binlog-retention.ts'
import type { Check, PreflightContext } from './check.ts'
import { checkFlavour } from './flavour.ts'
import { checkForeignKeys } from './foreign-keys.ts'
import { checkLimits } from './limits.ts'
import { checkLockOrder } from './lock-order.ts'
import { checkNameClash } from './name-clash.ts'
import { checkPrivileges } from './privileges.ts'
import { checkReadOnly } from './read-only.ts'
import { checkReplicatedChanges } from './replicated-changes.ts'
import { checkTables } from './tables.ts'
import { checkTriggers } from './triggers.ts'

/** Every check, in the order in which its findings are told. */
const SHADOW_CHECKS: readonly Check[] = [
  checkFlavour,
  checkReadOnly,
  checkBinlog,
  checkBinlogFilter,
  checkBinlogRetention,
  checkReplicatedChanges,
  checkPrivileges,
  checkTables,
  checkForeignKeys,
  checkTriggers,
  checkNameClash,
  checkLockOrder,
  checkLimits,
]

/** What matters when no row is copied, nothing is followed and no table is swapped. */
const INSTANT_CHECKS: readonly Check[] = [
  checkReadOnly,
  checkPrivileges,
  checkTables,
  checkForeignKeys,
  checkNameClash,
]

const CHECKS = { shadow: SHADOW_CHECKS, instant: INSTANT_CHECKS } as const

/**
 * Runs every check, and refuses with all that they found.
 *
 * @throws {Refusal} with the code and next step of the first finding; the message names every one.
 */
export async function preflight(context: PreflightContext): Promise<void> {
  const found: Refusal[] = []
  for (const check of CHECKS[context.request.method]) found.push(...(await check(context)))
  const [first, ...others] = found
  if (!first) return
  const more = others.map(({ message }) => ` Also: ${message}`).join('')
  throw new Refusal(first.code, `${first.message}${more}`, { next: first.next })
}
