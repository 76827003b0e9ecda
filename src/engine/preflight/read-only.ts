import { Refusal } from '../../errors.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Check } from './check.ts'

/** A replica or a server in maintenance takes no writes. */
export const checkReadOnly: Check = async ({ session }) => {
  const variables = await readVariables(session, ['read_only', 'super_read_only'])
  // MariaDB 12 knows more than ON and OFF: NO_LOCK, NO_LOCK_NO_ADMIN.
  if ([...variables.values()].every((value) => value === 'OFF')) return []
  return [
    new Refusal('SERVER_READ_ONLY', 'The server is read only.', {
      next: 'Point the URL at the primary, or make this server writable.',
    }),
  ]
}
