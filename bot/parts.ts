import type { Clock } from '../src/clock.ts'
import type { Store } from '../src/store/database.ts'
import type { ConfiguredDatabases } from './config.ts'
import type { Log } from './log.ts'
import type { GitHub } from './projector/github.ts'

export type PullRequestPlace = {
  readonly owner: string
  readonly repo: string
  readonly number: number
}

/** What nearly everything in the bot works with; `main.ts` puts it together. */
export type Parts = {
  readonly store: Store
  readonly github: GitHub
  readonly databases: ConfiguredDatabases
  /** Where people see a pull request. */
  readonly pullRequestUrl: (place: PullRequestPlace) => string
  readonly clock: Clock
  readonly log: Log
  /** Something changed in the store: whoever follows it should look now instead of at the next poll. */
  readonly ring: () => void
}
