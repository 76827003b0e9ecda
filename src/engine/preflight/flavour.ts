import { Refusal } from '../../errors.ts'
import type { Check } from './check.ts'

/**
 * The swap holds LOCK TABLES while it renames, which MariaDB refuses (error 1192): there it takes a chain of lockers
 * (see the design of the cutover), and until that is written a deployment could never end.
 */
export const checkFlavour: Check = ({ server }) => {
  if (server.flavour === 'mysql') return Promise.resolve([])
  return Promise.resolve([
    new Refusal(
      'SERVER_UNSUPPORTED',
      `The server is MariaDB (${server.version}), where tables cannot be swapped yet.`,
      { next: 'Deploy to MySQL 8.0.13 or later, or change this table with ALTER TABLE itself.' },
    ),
  ])
}
