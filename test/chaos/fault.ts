import { sql } from 'kysely'
import type { RunPhase } from '../../src/engine/port.ts'
import { Refusal } from '../../src/errors.ts'
import { connect, type Target } from '../../src/mysql/connect.ts'
import { isConnectionLost } from '../../src/mysql/errno.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import type { HeldStream } from '../support/held-stream.ts'
import type { Chance } from '../support/seeded-random.ts'
import type { Trap } from '../support/statement-trap.ts'

export type FaultKind =
  | 'kill_engine'
  | 'kill_connection'
  | 'kill_connections'
  | 'kill_server'
  | 'hold_table'
  | 'stall_stream'
  | 'cut_stream'

/** What goes wrong, at which statement of which phase. */
export type Fault = {
  readonly kind: FaultKind
  readonly phase: RunPhase
  readonly trap: Trap
  /** How long a table is held, the stream stands still, or the server is down. */
  readonly forMs: number
}

/** How many statements of each phase are aimed at; a phase that has fewer is left unharmed. */
const REACH: Readonly<Partial<Record<RunPhase, number>>> = {
  starting: 60,
  copying: 120,
  catching_up: 3,
  verifying: 10,
  in_sync: 6,
  cutting_over: 14,
  revert_window: 25,
  reverting: 14,
}

// Sound: the keys of a literal of this type are phases.
const PHASES = Object.keys(REACH) as RunPhase[]

/** What a fault in {@link drawTears} stands for, beside those that are drawn. */
const TEARS: readonly RunPhase[] = ['copying', 'copying', 'in_sync', 'revert_window', 'reverting']
/** For each millisecond that another fault would last. */
const BYTES_PER_MS = 200

/** How often each fault is drawn. A server takes seconds to come back, so a round has few of those. */
const KINDS: readonly FaultKind[] = [
  'kill_engine',
  'kill_engine',
  'kill_engine',
  'kill_connection',
  'kill_connection',
  'kill_connections',
  'kill_connections',
  'kill_server',
  'hold_table',
  'stall_stream',
]

const MOST_SERVER_KILLS = 2

export function drawFaults(chance: Chance): readonly Fault[] {
  const faults = Array.from({ length: chance.between(3, 8) }, () => drawFault(chance))
  const serverKills = faults.filter(({ kind }) => kind === 'kill_server')
  const tooMany = new Set(serverKills.slice(MOST_SERVER_KILLS))
  return faults.filter((fault) => !tooMany.has(fault))
}

/** Cuts through the stream, wherever it is just then. */
export function drawTears(chance: Chance): readonly Fault[] {
  return TEARS.map((phase) => ({ ...drawFault(chance, phase), kind: 'cut_stream' }))
}

function drawFault(chance: Chance, phase = chance.pick(PHASES)): Fault {
  return {
    kind: chance.pick(KINDS),
    phase,
    trap: {
      at: { phase, number: chance.between(1, REACH[phase] ?? 1) },
      when: chance.pick(['before', 'after'] as const),
    },
    forMs: chance.between(50, 4000),
  }
}

export function toText({ kind, trap }: Fault): string {
  const { at, when } = trap
  return 'phase' in at ? `${kind} ${when} statement ${at.number} of ${at.phase}` : kind
}

/** What faults are done to; `admin` does not go through the stream that is held. */
export type Victims = {
  readonly server: ThrowawayServer
  readonly admin: Target
  readonly stream: HeldStream
  readonly engineUser: string
  readonly table: string
  readonly killEngine: () => Promise<void>
  readonly chance: Chance
}

/** Does the harm, and resolves as soon as the engine may go on; what lasts longer ends with the second promise. */
export async function strike(
  fault: Fault,
  victims: Victims,
): Promise<{ readonly over: Promise<void> }> {
  const { server, stream, killEngine } = victims
  const over = Promise.resolve()
  switch (fault.kind) {
    case 'kill_engine':
      await killEngine()
      return { over }
    case 'kill_connection':
    case 'kill_connections':
      await unlessDown(killConnections(victims, fault.kind === 'kill_connection'))
      return { over }
    case 'kill_server':
      await server.kill()
      return { over: later(fault.forMs / 4).then(() => server.start()) }
    case 'hold_table':
      return (await unlessDown(holdTable(victims, fault.forMs))) ?? { over }
    case 'stall_stream':
      stream.hold(fault.forMs)
      return { over }
    case 'cut_stream':
      stream.cut(fault.forMs * BYTES_PER_MS)
      return { over }
  }
}

async function killConnections(
  { admin, engineUser, chance, server }: Victims,
  one: boolean,
): Promise<void> {
  await using session = await connect(admin)
  const threads = await session.rows(sql<{ id: string }>`
    SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ${engineUser}`)
  const chosen = one && threads.length > 0 ? [chance.pick(threads)] : threads
  for (const { id } of chosen) {
    const hard = server.flavour === 'mariadb' ? sql`HARD ` : sql``
    // One that has ended by itself meanwhile cannot be killed.
    await session.run(sql`KILL ${hard}CONNECTION ${sql.lit(Number(id))}`).catch(() => null)
  }
}

/** An application's transaction that holds a row, and so the table against any change of its name. */
async function holdTable(
  { admin, table }: Victims,
  forMs: number,
): Promise<{ readonly over: Promise<void> }> {
  const session = await connect(admin)
  await session.run(sql`START TRANSACTION`)
  await session.rows(sql`SELECT * FROM ${sql.id(table)} LIMIT 1 FOR UPDATE`)
  const over = later(forMs).then(async () => {
    // The server can have been killed meanwhile.
    await session.run(sql`ROLLBACK`).catch(() => null)
    await session[Symbol.asyncDispose]()
  })
  return { over }
}

/** A server that an earlier fault has killed has no connections and no tables to harm. */
async function unlessDown<T>(harm: Promise<T>): Promise<T | null> {
  try {
    return await harm
  } catch (error) {
    const isDown = error instanceof Refusal && error.code === 'DATABASE_UNREACHABLE'
    if (isDown || isConnectionLost(error)) return null
    throw error
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
