import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { createEngine } from '../../src/engine/engine.ts'
import type { EngineEvent, EngineRun, TableOperation } from '../../src/engine/port.ts'
import { engineRequest, type WantedRequest } from '../../src/engine/request.ts'
import { parseAlter, tableNamed } from '../../src/engine/table/statement.ts'
import type { Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import type { WorkloadTable } from './workload/ledger.ts'

/** A deployment that a test watches: its events so far, and promises of those to come. */
export class Deployment {
  readonly events: EngineEvent[] = []
  readonly #waiting: { readonly name: EngineEvent['event']; readonly come: () => void }[] = []
  #run: EngineRun | null = null

  get run(): EngineRun {
    if (!this.#run) throw new TypeError('the deployment is not staged')
    return this.#run
  }

  readonly #listener: ((event: EngineEvent) => void) | undefined

  private constructor(listener?: (event: EngineEvent) => void) {
    this.#listener = listener
  }

  static async stage(
    target: Target,
    statements: readonly string[],
    options: Partial<WantedRequest> & {
      readonly signal?: AbortSignal
      readonly replicas?: readonly Target[]
      readonly clock?: Clock
      readonly listener?: (event: EngineEvent) => void
    } = {},
  ): Promise<Deployment> {
    const { signal, replicas, listener, clock, ...request } = options
    const deployment = new Deployment(listener)
    const run = await createEngine(target, clock).stage(
      engineRequest({
        id: `t${Math.floor(Math.random() * 36 ** 8).toString(36)}`,
        operations: statements.map(operationOf),
        ...request,
      }),
      {
        onEvent: deployment.#onEvent,
        ...(signal ? { signal } : {}),
        ...(replicas ? { replicas } : {}),
      },
    )
    deployment.#follow(run)
    return deployment
  }

  static async resume(
    target: Target,
    id: string,
    { listener }: { readonly listener?: (event: EngineEvent) => void } = {},
  ): Promise<Deployment> {
    const deployment = new Deployment(listener)
    deployment.#follow(await createEngine(target).resume(id, { onEvent: deployment.#onEvent }))
    return deployment
  }

  #follow(run: EngineRun): void {
    this.#run = run
  }

  /** Resolves when an event of this name has come; rejects when the deployment fails first. */
  async reached(name: EngineEvent['event']): Promise<void> {
    if (this.events.some(({ event }) => event === name)) return
    const come = new Promise<void>((resolve) => {
      this.#waiting.push({ name, come: resolve })
    })
    const outcome = await Promise.race([come, this.run.finished.catch((error: unknown) => error)])
    if (this.events.some(({ event }) => event === name)) return
    throw new Error(`ended with ${String(outcome)} before ${name}: ${this.story}`, {
      cause: this.failure?.cause,
    })
  }

  /** Resolves when rows are being copied; it is for the test that there are enough of them, copied slowly. */
  async copying(): Promise<void> {
    const isCopying = () => {
      const { phase, rowsCopied } = this.run.status()
      return phase === 'copying' && rowsCopied > 0
    }
    await expect.poll(isCopying, { interval: 5, timeout: 30_000, message: this.story }).toBe(true)
  }

  /** The events without progress and comparisons, for messages and assertions. */
  get story(): string {
    return this.events
      .filter(({ event }) => event !== 'progress' && event !== 'verified')
      .map((event) =>
        event.event === 'failed' ? `failed ${event.code} ${event.message}` : event.event,
      )
      .join(' → ')
  }

  get failure(): (EngineEvent & { readonly event: 'failed' }) | null {
    return this.events.find((event) => event.event === 'failed') ?? null
  }

  readonly #onEvent = (event: EngineEvent): void => {
    this.events.push(event)
    this.#listener?.(event)
    for (const { name, come } of this.#waiting) if (name === event.event) come()
  }
}

function operationOf(statement: string): TableOperation {
  if (statement.startsWith('CREATE')) {
    return { kind: 'create', table: tableNamed(statement, 'CREATE'), statement }
  }
  if (statement.startsWith('DROP')) {
    return { kind: 'drop', table: tableNamed(statement, 'DROP'), statement }
  }
  return { kind: 'alter', table: parseAlter(statement).table, statement }
}

/** `orders` as a workload writes it; the rows from 0 on are there before. */
export function ordersTable(initialRows: number, name = 'orders'): WorkloadTable {
  return {
    name,
    key: (n) => ({ id: n }),
    values: (random) => ({
      total: (Math.floor(random() * 100_000) / 100).toFixed(2),
      note: random() < 0.2 ? null : `é${Math.floor(random() * 1e6)}`,
    }),
    initialRows,
  }
}

/** Creates and fills the table of {@link ordersTable}. */
export async function createOrders(session: Session, table: WorkloadTable): Promise<void> {
  await session.run(sql`CREATE TABLE ${sql.id(table.name)} (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    total DECIMAL(10,2) NOT NULL DEFAULT 0,
    note VARCHAR(100) NULL,
    legacy VARCHAR(20) NOT NULL DEFAULT 'kept',
    KEY (note))`)
  await session.run(sql`INSERT INTO ${sql.id(table.name)} (id, total, note)
    WITH RECURSIVE digit (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM digit WHERE d < 9)
    SELECT n, 1.5, 'initial' FROM (
      SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
      FROM digit a, digit b, digit c, digit e, digit f) AS numbers
    WHERE n <= ${table.initialRows ?? 0}`)
}

/** The tables of the engine that are left in a schema. */
export async function productTables(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE '%\\_\\_xf\\_%' ORDER BY TABLE_NAME`)
  return rows.map(({ name }) => name)
}
