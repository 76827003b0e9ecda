import { parseArgs } from 'node:util'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { benchCopy } from './copy.ts'
import { benchCutover } from './cutover.ts'
import { type Measurement, printTable } from './measurement.ts'

const HELP = `Usage: npm run bench -- [--rows N] [--rounds N] [--json]

Measures the engine on a throwaway MySQL server and prints what it measured:
the row copy against one INSERT ... SELECT and ALGORITHM=COPY of the same table, and
how long the longest write waited at each of several cutovers with eight writers.

  --rows N    rows of the copied table (default 1000000)
  --rounds N  cutovers to measure (default 10)
  --json      one JSON object instead of the table
`

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else {
  await using server = await startThrowaway('mysql', {
    env: process.env,
    args: ['--innodb-buffer-pool-size=1G'],
  })
  const measured: readonly Measurement[] = [
    ...(await benchCopy(server, Number(values.rows))),
    ...(await benchCutover(server, Number(values.rounds))),
  ]
  process.stdout.write(values.json ? `${JSON.stringify(measured)}\n` : printTable(measured))
}
