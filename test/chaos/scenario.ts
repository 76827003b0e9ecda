import type { WantedRequest } from '../../src/engine/request.ts'
import type { Flavour } from '../../src/mysql/server.ts'
import { Chance } from '../support/seeded-random.ts'
import { drawFaults, drawTears, type Fault } from './fault.ts'
import { type ChaosTable, drawTables } from './shape.ts'

/** All that is drawn for a round; what it does to the servers' timing is not. */
export type Scenario = {
  readonly seed: number
  /** What the server is set to besides what every throwaway server is. */
  readonly settings: readonly string[]
  readonly tables: readonly ChaosTable[]
  readonly faults: readonly Fault[]
  readonly ending: 'complete' | 'reverted'
  readonly options: Partial<WantedRequest>
  readonly writers: number
  readonly writesPerSecond: number
  /** Whether large events are written, through which the stream is cut. */
  readonly torn: boolean
  /** Decides what is left open here, such as which connection is killed. */
  readonly chance: Chance
}

/** Settings that change what is in the binlog, and how much of it in one file. */
const SETTINGS: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: [
    '--gtid-mode=OFF',
    '--binlog-transaction-compression=ON',
    '--binlog-row-image=MINIMAL',
    '--binlog-row-metadata=FULL',
    '--max-binlog-size=65536',
    '--innodb-autoinc-lock-mode=1',
  ],
  mariadb: [
    '--gtid-strict-mode=ON',
    '--log-bin-compress=ON',
    '--binlog-row-image=MINIMAL',
    '--binlog-alter-two-phase=ON',
    '--max-binlog-size=65536',
    '--sync-binlog=1',
  ],
}

/** Events as large as the statements make them. */
const LARGE_EVENTS = '--binlog-row-event-max-size=16777216'

/** The same scenario, in which the stream is cut in the middle of large events as well. */
export function drawTornScenario(seed: number, flavour: Flavour): Scenario {
  const scenario = drawScenario(seed, flavour)
  const { settings, faults, chance } = scenario
  return {
    ...scenario,
    settings: [...settings, LARGE_EVENTS],
    faults: [...faults, ...drawTears(chance)],
    torn: true,
  }
}

export function drawScenario(seed: number, flavour: Flavour): Scenario {
  const chance = new Chance(seed)
  const settings = chance.some(SETTINGS[flavour], 0)
  return {
    seed,
    settings: settings.includes('--gtid-mode=OFF')
      ? [...settings, '--enforce-gtid-consistency=OFF']
      : settings,
    tables: drawTables(chance),
    faults: drawFaults(chance),
    ending: chance.pick(['complete', 'reverted'] as const),
    options: {
      cutover: chance.pick(['auto', 'hold'] as const),
      chunkRows: chance.pick([null, 20, 100, 400]),
      throttleRatio: chance.pick([0, 0, 40, 70]),
      profile: chance.pick(['polite', 'fast'] as const),
      revertWindowMs: 600_000,
    },
    writers: chance.between(1, 5),
    writesPerSecond: chance.pick([50, 200, 400]),
    torn: false,
    chance,
  }
}
