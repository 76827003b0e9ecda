import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { countStatements, dieAt } from './death.ts'
import { playRound, type RoundResult } from './round.ts'
import { drawScenario, drawTornScenario } from './scenario.ts'

const HELP = `Usage: npm run chaos -- [--rounds N] [--seed S] [--torn] [--server NAME] [--json]
       npm run chaos -- --every K [--from N] [--to N] [--server NAME] [--json]

Deploys drawn changes to drawn tables under a write workload, on a throwaway server for each round,
while the engine, its connections and the server are killed at drawn statements of every phase. Then
compares all rows with what the workload committed. Exits with 1 when anything is lost, invented,
changed, or when the application saw an error that a killed server does not explain.

  --rounds N     how many rounds (default 10)
  --seed S       the seed of the first round, the next ones count up (default: the time)
  --torn         writes large events as well, and cuts the stream in the middle of them
  --server NAME  mysql-9.7 (default) or mariadb-10.11
  --every K      instead of rounds: kills a small deployment before and after every K-th of its
                 statements, each time another deployment, and resumes it
  --from N       the first of these statements (default 1)
  --to N         the last of them at most (default: all)
  --json         one JSON object per round, or per statement
`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    torn: { type: 'boolean', default: false },
    every: { type: 'string' },
    from: { type: 'string', default: '1' },
    to: { type: 'string' },
    server: { type: 'string', default: 'mysql-9.7' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const flavour = values.server.startsWith('mariadb') ? 'mariadb' : 'mysql'

if (values.help) process.stdout.write(HELP)
else if (values.every === undefined) await play()
else await playDeaths(Number(values.every))

async function play(): Promise<void> {
  const draw = values.torn ? drawTornScenario : drawScenario
  let bad = 0
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const result = await playRound(draw(Number(values.seed) + round, flavour), flavour, process.env)
    if (result.problems.length > 0) bad += 1
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : print(result, round + 1))
  }
  if (!values.json) process.stdout.write(`${values.rounds} rounds, ${bad} of them bad\n`)
  if (bad > 0) process.exitCode = 1
}

async function playDeaths(every: number): Promise<void> {
  await using server = await startThrowaway(flavour, { env: process.env })
  const schema = async (name: string) => {
    await using session = await connect(parseTarget(server.url()))
    await session.run(sql`CREATE DATABASE ${sql.id(name)}`)
    return parseTarget(server.url(name))
  }
  const statements = await countStatements(await schema('counted'))
  let bad = 0
  const last = Math.min(statements, Number(values.to ?? statements))
  for (let number = Number(values.from); number <= last; number += every) {
    for (const when of ['before', 'after'] as const) {
      const problems = await dieAt(await schema(`${when}_${number}`), { number, when })
      if (problems.length > 0) bad += 1
      const text = `${when} ${number}/${statements} ${problems.join('; ') || 'ok'}`
      process.stdout.write(
        `${values.json ? JSON.stringify({ when, number, statements, problems }) : text}\n`,
      )
    }
  }
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
