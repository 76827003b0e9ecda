import { parseArgs } from 'node:util'
import { playRound, type RoundResult } from './round.ts'

const HELP = `Usage: npm run chaos -- [--rounds N] [--seed S] [--server NAME] [--json]

Deploys drawn changes to drawn tables under a write workload, on a throwaway server for each round,
while the engine, its connections and the server are killed at drawn statements of every phase. Then
compares all rows with what the workload committed. Exits with 1 when anything is lost, invented,
changed, or when the application saw an error that a killed server does not explain.

  --rounds N     how many rounds (default 10)
  --seed S       the seed of the first round, the next ones count up (default: the time)
  --server NAME  mysql-9.7 (default) or mariadb-10.11
  --json         one JSON object per round
`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    server: { type: 'string', default: 'mysql-9.7' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await play()

async function play(): Promise<void> {
  const flavour = values.server.startsWith('mariadb') ? 'mariadb' : 'mysql'
  let bad = 0
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const result = await playRound(Number(values.seed) + round, flavour, process.env)
    if (result.problems.length > 0) bad += 1
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : print(result, round + 1))
  }
  if (!values.json) process.stdout.write(`${values.rounds} rounds, ${bad} of them bad\n`)
  if (bad > 0) process.exitCode = 1
}

function print(result: RoundResult, round: number): string {
  const { seed, seconds, outcome, rows, writes, doubts, faults, problems } = result
  const verdict = problems.length === 0 ? 'ok' : 'BAD'
  const line = `${round}/${values.rounds} ${verdict}  seed ${seed}  ${outcome}  ${seconds} s  ${result.statements.length} tables  ${rows} rows  ${writes} writes  ${doubts} in doubt  ${faults.length} faults\n`
  if (problems.length === 0) return line
  const parts = [...result.settings, ...result.statements, ...result.timeline, ...problems]
  return `${line}${parts.map((part) => `    ${part}\n`).join('')}`
}
