import { expect, inject, test } from 'vitest'
import { test as mysqlTest } from '../support/mysql.ts'
import { dieAt } from './death.ts'
import { playRound } from './round.ts'
import { drawScenario } from './scenario.ts'

/** Drawn so that each round has other tables, faults and endings; `npm run chaos` plays many more. */
const SEEDS = [303, 310]

test.for(SEEDS)(
  'CRASH-1 and CRASH-2: chaos round %i loses, doubles and invents no row, and disturbs no write of the application',
  { timeout: 180_000 },
  async (seed) => {
    const flavour = inject('server').startsWith('mariadb') ? 'mariadb' : 'mysql'

    const { problems, timeline, faults } = await playRound(
      drawScenario(seed, flavour),
      flavour,
      process.env,
    )

    expect(problems, timeline.join('\n')).toEqual([])
    expect(faults.length).toBeGreaterThan(0)
  },
)

/** Of about 200 statements that the smallest deployment takes; `npm run chaos -- --every 1` takes all. */
const DEATHS: readonly (readonly ['before' | 'after', number])[] = [
  ['after', 17],
  ['before', 71],
  ['after', 163],
]

mysqlTest.for(DEATHS)(
  'CRASH-1: an engine that is killed %s its statement %i goes on and loses nothing',
  async ([when, number], { mysql }) => {
    expect(await dieAt(mysql.target, { when, number })).toEqual([])
  },
)
