import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ENGINE_SCHEMA, tableNames } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import type { EngineRequest, InstantAnswer, TableOperation } from '../port.ts'
import { askInstant, type Definitions, readDefinition } from './instant.ts'

/**
 * What an instant deployment has written down before it changes anything: each table's definition before and after. The
 * changes are statements of their own, so after a crash the server's dictionary tells by it which are made.
 */
const PLAN_TABLE = sql.id(ENGINE_SCHEMA, 'instant')

/**
 * Asks for every operation whether it can be made at once, and writes down what the tables will be.
 *
 * @throws {Refusal} NOT_INSTANT naming every table that cannot be changed so, or ALTER_INVALID; then nothing is changed.
 */
export async function planInstant(
  session: Session,
  schema: string,
  { id, operations }: EngineRequest,
): Promise<readonly InstantAnswer[]> {
  // What an interrupted process has planned is asked again.
  await session.run(sql`DELETE FROM ${PLAN_TABLE} WHERE deployment_id = ${id}`)
  const answers: InstantAnswer[] = []
  for (const operation of operations) {
    const { answer, definitions } = await askInstant(session, schema, { id, operation })
    answers.push(answer)
    await session.run(sql`INSERT INTO ${PLAN_TABLE}
      VALUES (${id}, ${operation.table}, ${definitions.before}, ${definitions.after})`)
  }
  const refused = answers.filter(({ eligible }) => eligible === false)
  if (refused.length === 0) return answers
  const reasons = refused.map(({ table, reason }) => `${table}: ${reason}`)
  throw notInstant(`The change cannot be made at once (${reasons.join('; ')}).`)
}

/** @param cause what the server said, for the log. */
export function notInstant(message: string, cause?: unknown): Refusal {
  return new Refusal('NOT_INSTANT', message, {
    next: 'Deploy it without --instant: then the rows are copied beside the application.',
    cause,
  })
}

/** What {@link planInstant} has written down, by table. */
export async function readInstantPlan(
  session: Session,
  id: string,
): Promise<ReadonlyMap<string, Definitions>> {
  const rows = await session.rows(
    sql<{
      name: string
      before: string | null
      after: string | null
    }>`SELECT table_name AS name, definition_before AS \`before\`, definition_after AS \`after\`
      FROM ${PLAN_TABLE} WHERE deployment_id = ${id}`,
  )
  return new Map(rows.map(({ name, before, after }) => [name, { before, after }]))
}

/**
 * Whether an operation is still to be made, by what was written down of it.
 *
 * @throws {Refusal} TABLE_CHANGED when the table is neither what it was nor what it will be.
 */
export async function isToDo(
  session: Session,
  schema: string,
  {
    id,
    operation: { kind, table },
    definitions: { before, after },
  }: {
    readonly id: string
    readonly operation: TableOperation
    readonly definitions: Definitions
  },
): Promise<boolean> {
  const now = await readDefinition(session, schema, table)
  if (now === before) return true
  if (kind === 'drop') {
    const old = await readDefinition(session, schema, tableNames(id, table).old)
    if (now === null && old === before) return false
  } else if (now === after) return false
  throw new Refusal('TABLE_CHANGED', `Somebody else has changed ${table}.`, {
    next: 'Start a new deployment from the table as it is now.',
  })
}

/** The tables that are changed already: what a process that was interrupted has done, as far as its plan tells. */
export async function findChanged(
  session: Session,
  schema: string,
  { id, operations }: EngineRequest,
): Promise<readonly string[]> {
  const plan = await readInstantPlan(session, id)
  const changed: string[] = []
  for (const operation of operations) {
    const definitions = plan.get(operation.table)
    // A change that changes nothing is neither done nor to do.
    if (!definitions || definitions.before === definitions.after) continue
    const isOpen = await isToDo(session, schema, { id, operation, definitions }).catch(
      (error: unknown) => {
        // Somebody else has changed it: not this deployment.
        if (error instanceof Refusal) return true
        throw error
      },
    )
    if (!isOpen) changed.push(operation.table)
  }
  return changed
}
