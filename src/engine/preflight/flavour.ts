import { Refusal } from '../../errors.ts'
import type { Check } from './check.ts'

/**
 * The first MariaDB whose RENAME of several tables is undone as a whole when the server crashes in it. No variable
 * says that it can, so its version is asked. https://mariadb.com/docs/server/reference/sql-statements/data-definition/atomic-ddl
 */
const ATOMIC_RENAME_SINCE = [10, 6] as const

/** What can only be told by the server's family and version. */
export const checkFlavour: Check = ({ server: { flavour, version } }) => {
  if (flavour === 'mysql' || isAtomic(version)) return Promise.resolve([])
  return Promise.resolve([
    new Refusal(
      'SERVER_UNSUPPORTED',
      `The server is MariaDB ${version}, where a crash can leave tables swapped by half.`,
      { next: 'Upgrade to MariaDB 10.6 or later.' },
    ),
  ])
}

function isAtomic(version: string): boolean {
  // Some servers put 5.5.5- before it, for old replicas.
  const found = /(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, ''))
  const [major = 0, minor = 0] = (found ?? []).slice(1).map(Number)
  const [sinceMajor, sinceMinor] = ATOMIC_RENAME_SINCE
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)
}
