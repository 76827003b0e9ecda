import { parseArgs } from 'node:util'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { PairServer } from './pair.ts'

const HELP = `Usage: npm run pairs -- [--pairs N] [--seed S] [--server NAME]

Draws pairs of schemas (A, B) on a throwaway server, runs the difference on A, and compares what the
server has then with B; then runs the difference back. Exits with 1 when anything is not as wanted.

  --pairs N      how many pairs (default 1000)
  --seed S       the seed of the first pair, the next ones count up (default: the time)
  --server NAME  mysql-9.7 (default) or mariadb-10.11
`

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    server: { type: 'string', default: 'mysql-9.7' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await play()

async function play(): Promise<void> {
  const flavour = values.server.startsWith('mariadb') ? 'mariadb' : 'mysql'
  await using server = await startThrowaway(flavour, { env: process.env })
  await using pairs = await PairServer.open(server.url(), flavour, 'pairs')
  const sum = { bad: 0, drawn: 0, refused: 0, statements: 0 }
  for (let at = 0; at < Number(values.pairs); at += 1) {
    const { seed, problems, ...counts } = await pairs.play(Number(values.seed) + at)
    sum.drawn += counts.drawn
    sum.refused += counts.refused
    sum.statements += counts.statements
    if (problems.length === 0) continue
    sum.bad += 1
    process.stdout.write(`seed ${seed}: ${problems.join('\n')}\n\n`)
  }
  process.stdout.write(
    `${values.pairs} pairs, ${sum.bad} of them bad; ${sum.statements} statements; ${sum.drawn} tables drawn, ${sum.refused} of them refused by the server\n`,
  )
  if (sum.bad > 0) process.exitCode = 1
}
