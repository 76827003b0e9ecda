import { readVariables } from './server.ts'
import type { Session } from './session.ts'

/**
 * Compares two table names of one schema as the server does when it takes the locks of a statement: byte by byte, and
 * without regard to case where it keeps names in lower case (MDL_key::cmp in the source of both families).
 */
export async function lockOrder(
  session: Session,
): Promise<(some: string, other: string) => number> {
  const variables = await readVariables(session, ['lower_case_table_names'])
  const isExact = (variables.get('lower_case_table_names') ?? '0') === '0'
  const bytes = (name: string) => Buffer.from(isExact ? name : name.toLowerCase())
  return (some, other) => Buffer.compare(bytes(some), bytes(other))
}
