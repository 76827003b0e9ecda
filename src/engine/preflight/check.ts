import type { Refusal } from '../../errors.ts'
import type { Target } from '../../mysql/connect.ts'
import type { Server } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import type { EngineRequest, TableOperation } from '../port.ts'
import type { Signal } from '../signal/signal.ts'
import type { TableEntry } from '../table/table-shape.ts'

/** An operation and the table it changes, as it is now; null when there is none of this name. */
export type PlannedTable = { readonly operation: TableOperation; readonly shape: TableEntry | null }

/** What a check may look at. It reads only: nothing is changed before every check has passed. */
export type PreflightContext = {
  readonly session: Session
  readonly server: Server
  readonly schema: string
  readonly request: EngineRequest
  readonly tables: readonly PlannedTable[]
  readonly replicas: readonly Target[]
  /** What the copy will have to mind. */
  readonly signals: readonly Signal[]
}

/** One thing that must hold before anything is touched; returns every way in which it does not. */
export type Check = (context: PreflightContext) => Promise<readonly Refusal[]>
