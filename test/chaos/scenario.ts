import type { WantedRequest } from '../../src/engine/request.ts'
import { Chance } from '../support/seeded-random.ts'
import { drawFaults, type Fault } from './fault.ts'
import { type ChaosTable, drawTables } from './shape.ts'

/** All that is drawn for a round; what it does to the servers' timing is not. */
export type Scenario = {
  readonly seed: number
  readonly tables: readonly ChaosTable[]
  readonly faults: readonly Fault[]
  readonly ending: 'complete' | 'reverted'
  readonly options: Partial<WantedRequest>
  readonly writers: number
  readonly writesPerSecond: number
  /** Decides what is left open here, such as which connection is killed. */
  readonly chance: Chance
}

export function drawScenario(seed: number): Scenario {
  const chance = new Chance(seed)
  return {
    seed,
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
    chance,
  }
}
