import { expect, inject, test } from 'vitest'
import { playRound } from './round.ts'

/** Drawn so that each round has other tables, faults and endings; `npm run chaos` plays many more. */
const SEEDS = [303, 310]

test.for(SEEDS)(
  'CRASH-1 and CRASH-2: chaos round %i loses, doubles and invents no row, and disturbs no write of the application',
  { timeout: 180_000 },
  async (seed) => {
    const flavour = inject('server').startsWith('mariadb') ? 'mariadb' : 'mysql'

    const { problems, timeline, faults } = await playRound(seed, flavour, process.env)

    expect(problems, timeline.join('\n')).toEqual([])
    expect(faults.length).toBeGreaterThan(0)
  },
)
