import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { ENGINE_SCHEMA } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'
import { askInstant, type Definitions } from './instant.ts'
import type { EngineRequest, InstantAnswer } from './port.ts'

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
  await session.run(sql`CREATE TABLE IF NOT EXISTS ${PLAN_TABLE} (
    deployment_id VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    definition_before VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    definition_after VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    PRIMARY KEY (deployment_id, table_name)
  ) ENGINE=InnoDB`)
  await forgetInstantPlan(session, id)
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

/** Removes what was written down of a deployment that is over. */
export async function forgetInstantPlan(session: Session, id: string): Promise<void> {
  await session.run(sql`DELETE FROM ${PLAN_TABLE} WHERE deployment_id = ${id}`)
}
