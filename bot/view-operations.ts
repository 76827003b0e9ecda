import type { PlannedOperation } from '../src/deploy/plan.ts'
import type { ViewOperation } from '../src/engine/port.ts'
import { connect, type Target } from '../src/mysql/connect.ts'
import { readView } from '../src/schema/view/read-views.ts'
import { canonicalOf } from '../src/schema/view/view.ts'

/**
 * What the engine needs to know of the views that a plan changes: their texts now and then. Whoever calls it looks after it
 * whether production is still what the plan was made for: then so is what was read here.
 */
export async function readViewOperations(
  target: Target,
  operations: readonly PlannedOperation[],
): Promise<readonly ViewOperation[]> {
  const changes = operations.filter(({ how }) => how === 'view')
  if (changes.length === 0) return []
  await using session = await connect(target)
  const views: ViewOperation[] = []
  for (const { kind, table, statement } of changes) {
    const live = await readView(session, target.schema ?? '', table)
    views.push({
      name: table,
      before: live?.view.sql ?? null,
      after: kind === 'drop_view' ? null : canonicalOf(statement),
    })
  }
  return views
}
