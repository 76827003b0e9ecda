import type { ErrorCode, Refusal } from '../errors.ts'
import type { Target } from '../mysql/connect.ts'

/**
 * What the rest of the product knows of an engine: stage a change, watch it, cut over, cancel, revert, end the
 * revert window. Our shadow engine is the first implementation. Nothing above this file may know about binlogs.
 */

/** The change of one table. `statement` is complete: `ALTER TABLE …`, `CREATE TABLE …` or `DROP TABLE …`. */
export type TableOperation = {
  readonly kind: 'alter' | 'create' | 'drop'
  readonly table: string
  readonly statement: string
}

/**
 * The change of one view, as canonical texts (`View.sql` of src/schema/view/view.ts): null where there is none before, or none
 * after. A view keeps its definer; a new one needs SQL SECURITY INVOKER.
 */
export type ViewOperation = {
  readonly name: string
  readonly before: string | null
  readonly after: string | null
}

/** What to deploy and how. */
export type EngineRequest = {
  /** Names the deployment on the target server; `[a-z0-9_]`, at most 24 characters. */
  readonly id: string
  readonly operations: readonly TableOperation[]
  /**
   * The views that change with the tables: right after the swap, and right after the swap back. Views alone have nothing to
   * copy, and no revert window.
   */
  readonly views: readonly ViewOperation[]
  /** `hold` stays in sync at the gate until `cutover()`; `auto` cuts over as soon as in sync. */
  readonly cutover: 'auto' | 'hold'
  /** How long the old tables are kept in sync after the cutover; null ends the deployment at the cutover. */
  readonly revertWindowMs: number | null
  /** Rows of a chunk; null lets the engine size chunks by time. */
  readonly chunkRows: number | null
  /** 0–95: the share of time in which the row copy rests. */
  readonly throttleRatio: number
  /** `polite` keeps the application's commits about as fast as before; `fast` copies as fast as the server can. */
  readonly profile: 'polite' | 'fast'
  readonly limits: ThrottleLimits
  /**
   * `shadow` copies; `instant` changes the live tables with ALGORITHM=INSTANT or refuses: each in its own statement, so
   * not all at one moment, and it cannot be reverted. Held, it waits at the gate without having done anything.
   */
  readonly method: 'shadow' | 'instant'
  /** How long the old tables are kept after the deployment; null keeps them until somebody drops them. */
  readonly quarantineMs: number | null
}

/**
 * Above which values the row copy pauses; null means that the value does not matter. A value that cannot be read
 * pauses the copy too.
 */
export type ThrottleLimits = {
  /** The lag of each replica of {@link RunOptions.replicas}. */
  readonly replicaLagMs: number | null
  readonly threadsRunning: number | null
  /** InnoDB's history list: undo records that are not purged. */
  readonly historyLength: number | null
  /** How long a small commit of the engine's own takes. */
  readonly commitLatencyMs: number | null
  /** A SELECT of one value: above 0 pauses. */
  readonly query: string | null
}

export type RunPhase =
  | 'starting'
  | 'copying'
  | 'catching_up'
  | 'verifying'
  | 'in_sync'
  | 'cutting_over'
  | 'revert_window'
  | 'reverting'
  | 'finished'

/** The names of one operation's tables; null where the kind of the operation needs no such table. */
export type OperationTables = {
  readonly kind: TableOperation['kind']
  readonly live: string
  readonly shadow: string | null
  readonly old: string | null
}

/** Whether the server would make an operation with ALGORITHM=INSTANT. */
export type InstantAnswer = {
  readonly table: string
  /** null when that is not known, and `reason` says why; then the live table itself decides. */
  readonly eligible: boolean | null
  readonly reason: string | null
}

/** A transaction that is open for long: a cutover would wait for it if it uses a table of the deployment. */
export type LongTransaction = {
  /** As in `SHOW PROCESSLIST` and `KILL`. */
  readonly connectionId: number
  readonly seconds: number
  /** The table of the deployment that it uses; null where the server does not tell. */
  readonly table: string | null
  /** Its last statement with `?` for every value; null where the server does not tell. */
  readonly statement: string | null
}

/** What is found out when a deployment begins, and stops nothing. */
export type Prospects = {
  /** Of each operation, in their order, whether it could be made without copying rows. */
  readonly instant: readonly InstantAnswer[]
  /** How many bytes the copies take, and their rows once more in the binary log, by the server's estimate; null when taken up again. */
  readonly disk: { readonly copies: number; readonly log: number } | null
  readonly transactions: readonly LongTransaction[]
}

/** What is known to be in the way of an operation before anything is touched, for each way to deploy it. */
export type Assessment = {
  readonly table: string
  readonly shadow: readonly Refusal[]
  readonly instant: readonly Refusal[]
}

/** A comparison of every row of every pair. */
export type Verified = {
  readonly at: Date
  readonly rows: number
  /** Rows that differed because a change was on its way, and were equal a moment later. */
  readonly lagging: number
}

/** The old tables can no longer be brought back: since when and why. The change stays live. */
export type RevertImpossible = { readonly since: Date; readonly reason: string }

/** Where a run is now. Counts are of all tables together; `tables` has each. */
export type RunStatus = {
  readonly phase: RunPhase
  readonly rowsCopied: number
  /** The server's estimate: it can be too low or too high until the copy is done. */
  readonly rowsEstimated: number
  readonly rowsPerSecond: number
  readonly etaSeconds: number | null
  /** The age of the newest change that was read from the stream, in milliseconds. */
  readonly lagMs: number
  readonly pendingKeys: number
  readonly paused: boolean
  readonly throttleRatio: number
  /** Why the copy, the swap or the change of views after it is held up now, in words; null when it is not. */
  readonly throttledBy: string | null
  /** The last comparison of all rows that was finished; null before the first. */
  readonly verified: Verified | null
  /** Null as long as a revert is possible, and before the cutover. */
  readonly revertImpossible: RevertImpossible | null
  readonly tables: readonly {
    readonly table: string
    readonly rowsCopied: number
    readonly rowsEstimated: number
  }[]
}

/** Why a deployment failed, as it may be shown to anybody. */
export type EngineFailure = {
  readonly code: ErrorCode | 'INTERNAL'
  readonly message: string
  readonly next: string
}

/** What happens in a run, in the order in which it happens. */
export type EngineEvent = { readonly at: Date } & (
  | ({ readonly event: 'started'; readonly tables: readonly OperationTables[] } & Prospects)
  | ({ readonly event: 'progress' } & RunStatus)
  /** All rows were compared, and none differs; at the gate, or later in the revert window. */
  | (Omit<Verified, 'at'> & {
      readonly event: 'verified'
      readonly tookMs: number
      readonly side: 'gate' | 'revert_window'
    })
  /** `verifiedRows` is null where no row is copied. */
  | { readonly event: 'ready_to_cutover'; readonly verifiedRows: number | null }
  /**
   * A try that was given up. With `killed` it was not: the connections that were in its way have been ended by force.
   */
  | {
      readonly event: 'cutover_retry'
      readonly attempt: number
      readonly reason: string
      readonly killed: readonly number[]
    }
  /** It was tried for an hour; the tables stay in sync at the gate until somebody says `cutover` again. */
  | { readonly event: 'cutover_blocked'; readonly attempts: number; readonly reason: string }
  /**
   * The tables are swapped. `stalledMs`: how long the application's writes could have waited; 0 when that is told again, by a run
   * that did not swap them itself.
   */
  | { readonly event: 'cutover'; readonly stalledMs: number; readonly revertUntil: Date | null }
  | { readonly event: 'reverse_in_sync' }
  /** The server does not answer, or kept us waiting too long; it is tried again from the checkpoint without end, and nothing is lost meanwhile. */
  | { readonly event: 'connection_lost'; readonly lostForMs: number; readonly reason: string }
  /** The change is live but can no longer be reverted, as the old schema cannot hold a new row; told again on a resume. */
  | ({
      readonly event: 'revert_impossible'
      /** What was thrown, as for `failed`; null when that is told again. */
      readonly cause: unknown
    } & RevertImpossible)
  | { readonly event: 'complete' | 'reverted' }
  | { readonly event: 'cancelled'; readonly freedBytes: number }
  | (EngineFailure & {
      readonly event: 'failed'
      /** What was thrown, for the log; it may hold row values and is never shown. */
      readonly cause: unknown
    })
)

export type EngineOutcome = 'complete' | 'reverted' | 'cancelled' | 'failed'

export type RunOptions = {
  /** Called for every event, in order; an exception in it is a bug and stops the run where it is. */
  readonly onEvent: (event: EngineEvent) => void
  /** Aborting stops the run where it is, as a crash would: nothing is cleaned up, `resume` goes on. */
  readonly signal?: AbortSignal
  /** Servers whose lag the copy minds; they hold passwords, so they are given anew to every process. */
  readonly replicas?: readonly Target[]
}

/** A deployment in the engine's hands. Every command refuses with DEPLOY_STATE when it is not its time. */
export interface EngineRun {
  /** Settles after the last event; never rejects, but for an aborted signal. */
  readonly finished: Promise<EngineOutcome>
  readonly status: () => RunStatus
  /**
   * Ends the waiting at the gate; also before it is reached. `force` kills the transactions that are still in the way
   * after the first tries; said again, it turns a cutover that is being tried into a forced one.
   */
  readonly cutover: (options?: { readonly force: boolean }) => void
  readonly pause: () => void
  readonly resume: () => void
  readonly throttle: (ratio: number) => void
  /** Discards the shadow tables; possible until the swap. */
  readonly cancel: () => void
  readonly revert: () => void
  readonly skipRevert: () => void
}

export interface Engine {
  /**
   * Checks everything that can be checked before anything is touched, then starts.
   *
   * @throws {Refusal} the first thing that preflight found; its message names all of them.
   */
  readonly stage: (request: EngineRequest, options: RunOptions) => Promise<EngineRun>
  /**
   * Goes on with a deployment that was interrupted, from its checkpoint; one that is over tells again how it ended.
   *
   * @throws {Refusal} CHECKPOINT_MISSING when nothing of it is on the server.
   */
  readonly resume: (id: string, options: RunOptions) => Promise<EngineRun>
}
