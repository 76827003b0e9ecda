import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { Refusal } from '../../errors.ts'
import type { Target } from '../../mysql/connect.ts'
import { codeOf, errnoOf, isAway, isContention } from '../../mysql/errno.ts'
import { tableNames } from '../../mysql/identifier.ts'
import type { Flavour } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import { type Checkpoint, findCheckpoint, saveOutcome, saveSwapped } from '../checkpoint.ts'
import { type RunCommand, requirePhase } from '../commands.ts'
import { keepTrying, TriesOver } from '../cutover/tries.ts'
import { planOfViews, requireViews } from '../cutover/view-change.ts'
import { swapViews } from '../cutover/view-swap.ts'
import { endDeployment, goOnEnding } from '../ending.ts'
import { claimDeployment, openSession } from '../engine-session.ts'
import { failureOf } from '../failure.ts'
import { endEvents, NO_STATUS } from '../finished-run.ts'
import { ownComment } from '../follower.ts'
import { inTheWayAfter } from '../in-the-way.ts'
import type { NewEvent } from '../lifecycle.ts'
import type {
  EngineEvent,
  EngineOutcome,
  EngineRun,
  Prospects,
  RunOptions,
  RunPhase,
  RunStatus,
  TableOperation,
} from '../port.ts'
import { parseAlter } from '../table/statement.ts'
import { type Definitions, instantStatement, notInstantReason } from './instant.ts'
import { findChanged, isToDo, notInstant, readInstantPlan } from './instant-plan.ts'

export type InstantRunContext = {
  readonly target: Target
  readonly flavour: Flavour
  readonly clock: Clock
  readonly options: RunOptions
  /** What `started` tells. */
  readonly prospects: Prospects
}

/** Somebody cancelled. */
class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

const COMPLETE = { outcome: 'complete', failure: null } as const
const WATCH_EVERY_MS = 50
/** A waiting ALTER makes all that come after it wait, too. */
const LOCK_WAIT_SECONDS = 2
/** Keeps the server from ending a connection that has nothing to do. */
const STAY_AWAKE_MS = 60_000

/**
 * A deployment that copies nothing: it changes each table with ALGORITHM=INSTANT, one statement after the other.
 *
 * Before the first, what every table is and will be is written down (instant-plan.ts). So after a crash, or when the
 * connection was lost in the middle of a statement, the server's dictionary tells which changes are made, and the rest
 * is made. A table that is neither the one nor the other was changed by somebody else: then it stops.
 */
export class InstantRun implements EngineRun {
  readonly finished: Promise<EngineOutcome>
  readonly #checkpoint: Checkpoint
  readonly #context: InstantRunContext
  readonly #cancel = new AbortController()
  readonly #signal: AbortSignal
  readonly #wanted: { cutover: boolean; force: boolean }
  #phase: RunPhase = 'starting'
  #announced = false
  #ready = false
  #lostSince: number | null = null
  #stalledMs = 0
  /** Why the last try to change something gave way; null when none is being made. */
  #inTheWay: string | null = null
  /** The tables that are changed, as far as this process knows. */
  readonly #done = new Set<string>()

  constructor(checkpoint: Checkpoint, context: InstantRunContext) {
    this.#checkpoint = checkpoint
    this.#context = context
    const { signal } = context.options
    this.#signal = AbortSignal.any([this.#cancel.signal, ...(signal ? [signal] : [])])
    this.#wanted = { cutover: checkpoint.request.cutover === 'auto', force: false }
    this.finished = this.#runToEnd()
  }

  status(): RunStatus {
    return { ...NO_STATUS, phase: this.#phase, throttledBy: this.#inTheWay }
  }

  cutover({ force }: { readonly force: boolean } = { force: false }): void {
    requirePhase(force ? 'force' : 'cutover', this.#phase)
    this.#wanted.cutover = true
    this.#wanted.force ||= force
  }

  cancel(): void {
    requirePhase('cancel', this.#phase)
    this.#cancel.abort(new Cancelled())
  }

  pause(): void {
    this.#refuse('pause')
  }

  resume(): void {
    this.#refuse('resume')
  }

  throttle(): void {
    this.#refuse('throttle')
  }

  revert(): void {
    requirePhase('revert', this.#phase)
  }

  skipRevert(): void {
    requirePhase('skipRevert', this.#phase)
  }

  #refuse(command: RunCommand): never {
    throw new Refusal('DEPLOY_STATE', `The deployment is instant: ${command} does nothing.`, {
      next: 'Cut over, or cancel.',
    })
  }

  async #runToEnd(): Promise<EngineOutcome> {
    // The caller gets its run before the first event.
    await Promise.resolve()
    for (;;) {
      try {
        return await this.#attempt()
      } catch (error) {
        this.#context.options.signal?.throwIfAborted()
        if (!this.#isAway(error)) return await this.#end(error)
        await this.#waitForServer(error)
      }
    }
  }

  /** Whether a new try may help. A deployment that is busy is so with our own lost connection. */
  #isAway(error: unknown): boolean {
    if (isAway(error) || isContention(error)) return true
    if (!(error instanceof Refusal)) return false
    if (error.code === 'DEPLOYMENT_BUSY') return this.#announced
    return error.code === 'DATABASE_UNREACHABLE'
  }

  async #waitForServer(error: unknown): Promise<void> {
    const { clock, options } = this.#context
    const now = clock.now().getTime()
    this.#lostSince ??= now
    const lostForMs = now - this.#lostSince
    this.#emit({ event: 'connection_lost', lostForMs, reason: codeOf(error) ?? 'no answer' })
    const signal = options.signal ? { signal: options.signal } : {}
    await clock.sleep(Math.min(5_000, 200 + lostForMs / 4), signal)
  }

  async #attempt(): Promise<EngineOutcome> {
    const { id } = this.#checkpoint
    await using session = await openSession(this.#context)
    // Waits until a lost connection of ours has ended, and with it the statement that it was running.
    await claimDeployment(session, id)
    this.#lostSince = null
    await session.run(sql`SET SESSION lock_wait_timeout = ${sql.lit(LOCK_WAIT_SECONDS)}`)
    this.#announce()
    const found = (await findCheckpoint(session, id)) ?? this.#checkpoint
    const { ending } = found
    if (ending !== null && ending !== 'complete') return await this.#goOnEnding(session, ending)
    if (ending === null && found.stage !== 'reverse') {
      const plan = await readInstantPlan(session, id)
      const { schema, request } = this.#checkpoint
      // Of an earlier process: a cancel must not deny it.
      for (const table of await findChanged(session, schema, request)) this.#done.add(table)
      do {
        await this.#waitAtGate(session)
      } while (!(await this.#makeChanges(session, plan)))
      await saveSwapped(session, id, null)
    }
    if (ending === null && !found.viewsChanged) await this.#swapViews(found)
    await endDeployment(session, this.#checkpoint, { ending: COMPLETE, clock: this.#context.clock })
    this.#phase = 'finished'
    this.#emit({ event: 'cutover', stalledMs: this.#stalledMs, revertUntil: null })
    this.#emit({ event: 'complete' })
    return 'complete'
  }

  /** From here on it goes to the end: the tables are changed, and the views follow. */
  async #swapViews(checkpoint: Checkpoint): Promise<void> {
    this.#phase = 'cutting_over'
    const { clock, options } = this.#context
    await swapViews(checkpoint, 'forward', {
      clock,
      open: () => openSession(this.#context),
      emit: (event) => this.#emit(event),
      isForced: () => this.#wanted.force,
      isGivenUp: () => false,
      signal: options.signal ?? new AbortController().signal,
    })
  }

  /** Does what somebody who gave the deployment up has left to do. */
  async #goOnEnding(session: Session, outcome: EngineOutcome): Promise<EngineOutcome> {
    const { clock, options } = this.#context
    const { failure } = this.#checkpoint
    await goOnEnding(session, this.#checkpoint, { ending: { outcome, failure }, clock })
    this.#phase = 'finished'
    for (const event of endEvents(this.#checkpoint, outcome, clock.now())) options.onEvent(event)
    return outcome
  }

  #announce(): void {
    if (this.#announced) return
    this.#announced = true
    const { id, request } = this.#checkpoint
    const tables = request.operations.map(({ kind, table }) => {
      const { live, old } = tableNames(id, table)
      return { kind, live, shadow: null, old: kind === 'drop' ? old : null }
    })
    this.#emit({ event: 'started', tables, ...this.#context.prospects })
  }

  async #waitAtGate(session: Session): Promise<void> {
    const { clock } = this.#context
    if (this.#wanted.cutover) return
    this.#phase = 'in_sync'
    if (!this.#ready) this.#emit({ event: 'ready_to_cutover', verifiedRows: null })
    this.#ready = true
    let awakeAt = clock.now().getTime()
    while (!this.#wanted.cutover) {
      await clock.sleep(WATCH_EVERY_MS, { signal: this.#signal })
      if (clock.now().getTime() - awakeAt < STAY_AWAKE_MS) continue
      await session.rows(sql`SELECT 1`)
      awakeAt = clock.now().getTime()
    }
  }

  /** @returns false when a table was not to be had, and somebody has to decide again. */
  async #makeChanges(session: Session, plan: ReadonlyMap<string, Definitions>): Promise<boolean> {
    this.#phase = 'cutting_over'
    await requireViews(session, planOfViews(this.#checkpoint))
    try {
      for (const operation of this.#checkpoint.request.operations) {
        this.#signal.throwIfAborted()
        const definitions = plan.get(operation.table)
        if (!definitions) throw new TypeError(`nothing was planned for ${operation.table}`)
        if (await this.#isToDo(session, operation, definitions)) {
          await this.#make(session, operation)
        }
        this.#done.add(operation.table)
      }
      return true
    } catch (error) {
      if (!(error instanceof TriesOver)) throw error
      this.#wanted.cutover = false
      this.#wanted.force = false
      this.#phase = 'in_sync'
      this.#emit({ event: 'cutover_blocked', attempts: error.attempts, reason: error.reason })
      return false
    }
  }

  /** @throws {Refusal} TABLE_CHANGED when the table is neither what it was nor what it will be. */
  async #isToDo(
    session: Session,
    operation: TableOperation,
    definitions: Definitions,
  ): Promise<boolean> {
    const { schema, id } = this.#checkpoint
    try {
      return await isToDo(session, schema, { id, operation, definitions })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message, next } = error
      throw new Refusal(code, `${message}${this.#story}`, { next })
    }
  }

  async #make(session: Session, operation: TableOperation): Promise<void> {
    const { clock } = this.#context
    const { schema, id } = this.#checkpoint
    const { live, old } = tableNames(id, operation.table)
    const statement = sql.raw(statementOf(operation, { schema, id }))
    await keepTrying(
      {
        schema,
        tables: [live, old],
        clock,
        open: () => openSession(this.#context),
        own: () => new Set([session.threadId]),
        isForced: () => this.#wanted.force,
        endless: false,
        onRetry: (retry) => this.#emit({ event: 'cutover_retry', ...retry }),
        signal: this.#signal,
      },
      {
        prepare: async () => undefined,
        attempt: async () => {
          const begunAt = clock.now().getTime()
          await session.run(statement)
          this.#stalledMs = Math.max(this.#stalledMs, clock.now().getTime() - begunAt)
        },
        excuse: () => null,
        giveWay: () => undefined,
      },
    ).catch((error: unknown) => {
      throw this.#refusalOf(error, operation) ?? error
    })
  }

  #refusalOf(error: unknown, { table }: TableOperation): Refusal | null {
    const errno = errnoOf(error)
    if (errno === null || isAway(error) || isContention(error)) return null
    const reason = notInstantReason(error)
    if (reason !== null) {
      return notInstant(`${table} cannot be changed at once: ${reason}.${this.#story}`, error)
    }
    const message = `The server rejects the change of ${table} (error ${errno}).${this.#story}`
    return new Refusal('ALTER_INVALID', message, {
      next: 'Compare the table with what the statement expects, then start a new deployment.',
      cause: error,
    })
  }

  /** Which changes are live when the deployment ends before all are. */
  get #story(): string {
    return this.#done.size === 0 ? '' : ` Changed already: ${[...this.#done].join(', ')}.`
  }

  async #end(error: unknown): Promise<EngineOutcome> {
    const { id } = this.#checkpoint
    const cancelled = error instanceof Cancelled && this.#done.size === 0
    const told = error instanceof Cancelled && !cancelled ? this.#cancelledLate() : error
    this.#phase = 'finished'
    try {
      if (!(told instanceof Refusal && told.code === 'DEPLOYMENT_BUSY')) {
        await using session = await openSession(this.#context)
        const failed = { outcome: 'failed', failure: failureOf(told) } as const
        await saveOutcome(session, id, cancelled ? { outcome: 'cancelled' } : failed)
      }
    } catch {
      // The first error is the one to tell; what is left of the deployment is told to whoever deploys next.
    }
    if (cancelled) this.#emit({ event: 'cancelled', freedBytes: 0 })
    else this.#emit({ event: 'failed', ...failureOf(told), cause: told })
    return cancelled ? 'cancelled' : 'failed'
  }

  #cancelledLate(): Refusal {
    return new Refusal('DEPLOY_STATE', `It was cancelled between two tables.${this.#story}`, {
      next: 'Deploy the rest with a new deployment, or change those tables back.',
    })
  }

  #emit(event: NewEvent): void {
    this.#inTheWay = inTheWayAfter(event, this.#inTheWay)
    // Sound: a member of the union without its time, and the time.
    this.#context.options.onEvent({ ...event, at: this.#context.clock.now() } as EngineEvent)
  }
}

/** The statement that makes one change of the live table, with the comment that says whose it is. */
function statementOf(
  { kind, table, statement }: TableOperation,
  { schema, id }: { readonly schema: string; readonly id: string },
): string {
  const quoted = (name: string) =>
    [schema, name].map((part) => `\`${part.replaceAll('`', '``')}\``).join('.')
  if (kind === 'alter') {
    return `${instantStatement(quoted(table), parseAlter(statement).body)} ${ownComment(id)}`
  }
  if (kind === 'create') return `${statement.replace(/[\s;]+$/, '')} ${ownComment(id)}`
  return `RENAME TABLE ${ownComment(id)} ${quoted(table)} TO ${quoted(tableNames(id, table).old)}`
}
