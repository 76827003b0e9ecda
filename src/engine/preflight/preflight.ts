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
import { checkTables } from './tables.ts'
import { checkTriggers } from './triggers.ts'

/** Every check, in the order in which its findings are told. */
const CHECKS: readonly Check[] = [
  checkFlavour,
  checkReadOnly,
  checkBinlog,
  checkBinlogFilter,
  checkBinlogRetention,
  checkPrivileges,
  checkTables,
  checkForeignKeys,
  checkTriggers,
  checkNameClash,
  checkLockOrder,
  checkLimits,
]

/**
 * Runs every check, and refuses with all that they found.
 *
 * @throws {Refusal} with the code and next step of the first finding; the message names every one.
 */
export async function preflight(context: PreflightContext): Promise<void> {
  const found: Refusal[] = []
  for (const check of CHECKS) found.push(...(await check(context)))
  const [first, ...others] = found
  if (!first) return
  const more = others.map(({ message }) => ` Also: ${message}`).join('')
  throw new Refusal(first.code, `${first.message}${more}`, { next: first.next })
}
