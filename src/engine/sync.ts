import type { RawBuilder } from 'kysely'
import type { Key, KeyLayout } from '../binlog/key.ts'
import type { Clock } from '../clock.ts'
import type { Refusal } from '../errors.ts'
import type { Target } from '../mysql/connect.ts'
import { ENGINE_SCHEMA } from '../mysql/identifier.ts'
import type { Flavour } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import { Applier } from './apply/applier.ts'
import { isAboutRows } from './apply/data-error.ts'
import { KeySet } from './apply/key-set.ts'
import { Room } from './apply/room.ts'
import { type Checkpoint, readCopiedPrefix, saveCopyEnds, savePosition } from './checkpoint.ts'
import { lastKey } from './copy/chunk.ts'
import { isSerial, TableCopy } from './copy/copy.ts'
import { LOCK_OR_FAIL } from './copy/copy-chunk.ts'
import { Frontier } from './copy/frontier.ts'
import { Pace } from './copy/pace.ts'
import { RowCopy } from './copy/row-copy.ts'
import { refreshStatistics } from './copy/statistics.ts'
import { settleForeignKeys } from './cutover/foreign-key.ts'
import { tablesWithout } from './cutover/key-swap.ts'
import { claimDeployment, openSession } from './engine-session.ts'
import { Follower, type TableChange } from './follower.ts'
import { refuseIntruder } from './intruder.ts'
import { openOperations, type PreparedOperation } from './shadow.ts'
import { isComparable, keepsOrder } from './table/key-sql.ts'
import type { TablePair } from './table/pair.ts'
import type { TaskGroup } from './task-group.ts'
import type { Throttle } from './throttle.ts'
import { type Compared, verifyPair } from './verify/verify.ts'

const BEAT_EVERY_MS = 500
const POLL_MS = 10
/** A table that is said to have fewer rows may have many. */
const FEW_ROWS = 1_000
/** Whoever has written within this time is taken for somebody who writes. */
const OTHERS_WRITE_MS = 2_000

export type SyncOptions = {
  readonly target: Target
  readonly flavour: Flavour
  readonly clock: Clock
  readonly checkpoint: Checkpoint
  /** Whether rows may have been copied before, by a process that is gone. */
  readonly resumed: boolean
  readonly throttle: Throttle
  /** Ends the waiting for tables that others hold, before anything is kept in sync. */
  readonly signal: AbortSignal
}

/**
 * Everything that keeps the tables of one deployment in sync while this process is connected: the stream, the copy,
 * the appliers and the checkpoint. It is built anew from the checkpoint after every lost connection.
 */
export class Sync implements AsyncDisposable {
  readonly operations: readonly PreparedOperation[]
  readonly follower: Follower
  readonly control: Session
  readonly #options: SyncOptions
  readonly #lockOrFail: RawBuilder<unknown>
  readonly #forward = new Map<string, Applier>()
  readonly #reverse = new Map<string, Applier>()
  readonly #frontiers = new Map<string, Frontier>()
  readonly #copies: TableCopy[] = []
  readonly #sessions = new AsyncDisposableStack()
  readonly #connectionIds = new Set<number>()
  readonly #opened = new Set<Session>()
  readonly #room: Room
  #reverseEnded = false
  #othersWroteAtMs = Number.NEGATIVE_INFINITY

  private constructor(
    options: SyncOptions,
    control: Session,
    operations: readonly PreparedOperation[],
  ) {
    this.#options = options
    this.control = control
    this.operations = operations
    this.#sessions.use(control)
    this.#connectionIds.add(control.threadId)
    this.#opened.add(control)
    this.#lockOrFail = LOCK_OR_FAIL[options.flavour]
    const { checkpoint, clock } = options
    this.#room = new Room(clock, () => ({
      pending: this.#reverseEnded ? 0 : this.pendingKeys,
      applied: this.#active.reduce((sum, { applied }) => sum + applied, 0),
      missed: [...this.#active, ...this.#copies].reduce((sum, { missed }) => sum + missed, 0),
    }))
    this.follower = new Follower(
      { id: checkpoint.id, clock, from: checkpoint.position, afterFence: checkpoint.afterFence },
      {
        layoutOf: (schema, table) => this.#layoutOf(schema, table),
        onKeys: (change) => this.#addKeys(change),
        onStatement: (schema, statement) => this.#checkStatement(schema, statement),
        room: (signal) => this.#room.wait(signal),
      },
    )
    for (const { names, forward, reverse } of operations) {
      if (forward && checkpoint.stage === 'forward') {
        // After a restart, a range of the source does not lead to all that an earlier process may have written: then
        // every change is applied.
        const mayForget = keepsOrder(forward) || !options.resumed
        const frontier = new Frontier(isComparable(forward) && mayForget)
        this.#frontiers.set(names.live, frontier)
        this.#forward.set(names.live, this.#applierOf(forward, frontier))
      }
      if (reverse) this.#reverse.set(names.live, this.#applierOf(reverse, new Frontier(false)))
    }
  }

  /**
   * Connects and reads where the deployment stands.
   *
   * @throws {Refusal} DEPLOYMENT_BUSY when another process works on it, TABLE_CHANGED when a table is gone.
   */
  static async open(options: SyncOptions): Promise<Sync> {
    const { target, checkpoint } = options
    const control = await openSession(options)
    try {
      await claimDeployment(control, checkpoint.id)
      const { schema, request } = checkpoint
      const stage = checkpoint.stage === 'reverse' ? 'reverse' : 'forward'
      const operations = await openOperations(control, schema, request, stage)
      // Should a swap that was cut short have left any on tables that follow.
      const tables = tablesWithout(stage, { schema, operations })
      await settleForeignKeys(control, checkpoint.id, tables, options)
      const sync = new Sync({ ...options, target }, control, operations)
      await sync.#openCopies()
      return sync
    } catch (error) {
      control.destroy()
      throw error
    }
  }

  /** A session of its own for one task; it ends with this object. */
  async session(): Promise<Session> {
    return this.#sessions.use(await this.open())
  }

  /** A session that the caller ends. */
  async open(): Promise<Session> {
    const session = await openSession(this.#options)
    this.#connectionIds.add(session.threadId)
    for (const other of this.#opened) if (other.isGone) this.#opened.delete(other)
    this.#opened.add(session)
    return session
  }

  /** The connections that this object has opened, as in `KILL`: never those of anybody else. */
  get connectionIds(): ReadonlySet<number> {
    return this.#connectionIds
  }

  /** Starts to follow the stream, to apply changes forward, and to save the checkpoint. */
  async start(group: TaskGroup): Promise<void> {
    group.spawn((signal) => this.follower.follow(this.#options.target, signal))
    group.spawn((signal) => this.#keepCheckpoint(signal))
    group.spawn((signal) => this.#options.throttle.watch(signal))
    for (const applier of this.#forward.values()) {
      const session = await this.session()
      group.spawn((signal) => applier.run(session, signal))
      for (let helper = 0; helper < applier.helpers; helper += 1) {
        group.spawn((signal) => applier.help(() => this.session(), signal))
      }
    }
  }

  get flavour(): Flavour {
    return this.#options.flavour
  }

  get throttle(): Throttle {
    return this.#options.throttle
  }

  get rowsCopied(): ReadonlyMap<string, number> {
    return new Map(this.#copies.map((copy) => [copy.pair.source.name, copy.rowsCopied]))
  }

  get pendingKeys(): number {
    return this.#active.reduce((sum, { keys }) => sum + keys.size, 0)
  }

  /** The appliers of the present direction. */
  get #active(): readonly Applier[] {
    return [...(this.follower.afterFence ? this.#reverse : this.#forward).values()]
  }

  get forwardAppliers(): readonly Applier[] {
    return [...this.#forward.values()]
  }

  get reverseAppliers(): readonly Applier[] {
    return [...this.#reverse.values()]
  }

  /** Copies every row that is not copied yet. */
  async copy(signal: AbortSignal): Promise<void> {
    const { checkpoint, clock, throttle } = this.#options
    const copy = new RowCopy(this.#copies, {
      id: checkpoint.id,
      clock,
      throttle,
      pace: new Pace(checkpoint.request.profile),
      open: () => this.open(),
      othersWrite: () => clock.now().getTime() - this.#othersWroteAtMs < OTHERS_WRITE_MS,
    })
    await copy.run(signal)
    for (const { pair } of this.#copies) await refreshStatistics(this.control, pair.target)
  }

  /** Resolves when every change that is committed now is applied. */
  async catchUp(signal: AbortSignal): Promise<void> {
    await this.follower.passBarrier(this.control, signal)
    const reached = this.follower.number
    // Keys that the old table cannot hold wait for ever; they still hold the checkpoint back.
    const behind = () =>
      !this.#reverseEnded &&
      this.#active.some(({ keys }) => keys.oldest !== null && keys.oldest <= reached)
    while (behind()) await this.#options.clock.sleep(POLL_MS, { signal })
  }

  /** Compares every row of every pair in the present direction; `rest` is called between two chunks. */
  async verify(
    session: Session,
    rest: (workedMs: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Compared> {
    let all: Compared = { rows: 0, lagging: 0 }
    for (const { pair, keys } of this.#active) {
      const { rows, lagging } = await verifyPair(session, pair, {
        clock: this.#options.clock,
        keys,
        passBarrier: (barrierSignal) => this.follower.passBarrier(this.control, barrierSignal),
        rest,
        signal,
      })
      all = { rows: all.rows + rows, lagging: all.lagging + lagging }
    }
    return all
  }

  /**
   * Keeps the old tables in sync from now on. `onImpossible` is called when one cannot hold a new row any more: then
   * the change stays live, and it is to call {@link endReverse}.
   */
  async startReverse(
    group: TaskGroup,
    onImpossible: (reason: Refusal) => Promise<void>,
  ): Promise<void> {
    if (this.#options.checkpoint.stage === 'reverse') group.spawn((signal) => this.#trust(signal))
    for (const applier of this.#reverse.values()) {
      const session = await this.session()
      group.spawn(async (signal) => {
        try {
          await applier.run(session, signal)
        } catch (error) {
          if (!isAboutRows(error)) throw error
          await onImpossible(error)
        }
      })
    }
  }

  /** Changes before this moment may have been applied by an earlier process, or over an earlier connection. */
  async #trust(signal: AbortSignal): Promise<void> {
    await this.follower.passBarrier(this.control, signal)
    for (const applier of this.#reverse.values()) applier.trustMoves()
  }

  /**
   * Nothing is applied backwards any further, for ever: that must have been recorded before, because the checkpoint passes
   * now what could not be applied.
   */
  endReverse(): void {
    this.#reverseEnded = true
  }

  /** Ends every session at once, and with it all that waits for an answer of the server. */
  cut(): void {
    for (const session of this.#opened) session.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions.disposeAsync()
  }

  #applierOf(pair: TablePair, frontier: Frontier): Applier {
    const { clock } = this.#options
    // After the swap, what comes first may have been noted before.
    const trustsMoves = this.#options.checkpoint.stage !== 'reverse'
    const lockOrFail = this.#lockOrFail
    return new Applier(pair, new KeySet(), { frontier, clock, lockOrFail, trustsMoves })
  }

  async #openCopies(): Promise<void> {
    const { checkpoint, clock, resumed } = this.#options
    const ends = await this.#copyEnds()
    for (const [live, { pair }] of this.#forward) {
      const frontier = this.#frontiers.get(live)
      if (!frontier) continue
      const owner = { id: checkpoint.id, table: live }
      // After a crash of the server its estimate can be 2 for 300,000 rows, and each chunk then scans them all.
      if (pair.source.rowsEstimated < FEW_ROWS) await refreshStatistics(this.control, pair.source)
      this.#copies.push(
        new TableCopy(pair, frontier, {
          id: checkpoint.id,
          clock,
          lockOrFail: this.#lockOrFail,
          chunkRows: checkpoint.request.chunkRows,
          serial: await isSerial(this.control, pair),
          prefix: resumed ? await readCopiedPrefix(this.control, owner) : null,
          end: ends?.get(live) ?? null,
        }),
      )
    }
  }

  /** Where each copy ends: looked up once, before the stream is followed, and kept for whoever resumes. */
  async #copyEnds(): Promise<ReadonlyMap<string, Key | null> | null> {
    const { checkpoint, resumed } = this.#options
    if (checkpoint.copyEnds !== null || resumed || checkpoint.stage === 'reverse') {
      return checkpoint.copyEnds
    }
    const ends = new Map<string, Key | null>()
    for (const [live, { pair }] of this.#forward) {
      ends.set(live, await lastKey(this.control, pair))
    }
    await saveCopyEnds(this.control, checkpoint.id, ends)
    return ends
  }

  #layoutOf(schema: string, table: string): KeyLayout | null {
    if (!this.#isOurs(schema, table)) this.#othersWroteAtMs = this.#options.clock.now().getTime()
    if (schema !== this.#options.checkpoint.schema || this.follower.afterRevert) return null
    const operation = this.operations.find(({ names }) => names.live === table)
    const pair = this.follower.afterFence ? operation?.reverse : operation?.forward
    if (!pair) return null
    return {
      columnCount: pair.source.columns.length,
      keyColumns: pair.key.map(({ from }) => ({
        ordinal: from.ordinal,
        dataType: from.dataType,
        unsigned: from.unsigned,
        length: from.dataType === 'binary' ? from.length : null,
        nullable: from.nullable,
      })),
    }
  }

  /** Whether only the engine writes to the table, as far as the engine can tell. */
  #isOurs(schema: string, table: string): boolean {
    if (schema === ENGINE_SCHEMA) return true
    if (schema !== this.#options.checkpoint.schema) return false
    const hidden = this.follower.afterFence ? 'old' : 'shadow'
    return this.operations.some(({ names }) => names[hidden] === table)
  }

  #addKeys(change: TableChange): void {
    const { table, keys, number } = change
    if (this.follower.afterFence) {
      if (!this.#reverseEnded) this.#reverse.get(table)?.note(change)
      return
    }
    const applier = this.#forward.get(table)
    const frontier = this.#frontiers.get(table)
    if (!applier) return
    for (const key of keys) {
      if (frontier?.stateOf(key) !== 'not_reached') applier.keys.add(key, number)
    }
  }

  #checkStatement(schema: string, statement: string): void {
    if (this.follower.afterRevert) return
    const { checkpoint } = this.#options
    const tables = new Set(
      this.operations.flatMap(({ names }) => [names.live, names.shadow, names.old]),
    )
    refuseIntruder({ schema, statement }, { id: checkpoint.id, schema: checkpoint.schema, tables })
  }

  async #keepCheckpoint(signal: AbortSignal): Promise<never> {
    const { clock, checkpoint } = this.#options
    for (;;) {
      await this.follower.beat(this.control)
      await savePosition(this.control, checkpoint.id, this.follower.safePosition(this.#oldest))
      await clock.sleep(BEAT_EVERY_MS, { signal })
    }
  }

  /** The number of the oldest change that is not applied, of all tables. */
  get #oldest(): number | null {
    if (this.#reverseEnded) return null
    const numbers = this.#active.flatMap(({ keys }) => keys.oldest ?? [])
    return numbers.length === 0 ? null : Math.min(...numbers)
  }
}
