import { parseArgs } from 'node:util'
import type { Flavour } from '../../src/mysql/server.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { benchApply } from './apply.ts'
import { benchBulk } from './bulk.ts'
import { benchCopy } from './copy.ts'
import { benchCutover } from './cutover.ts'
import { benchDecode } from './decode.ts'
import { benchLoad } from './load.ts'
import { describeMachine } from './machine.ts'
import { type Measurement, printTable } from './measurement.ts'
import { findPeer, type Peer, type PeerName } from './peer.ts'
import { benchSchema } from './schema.ts'
import { benchSoak } from './soak.ts'

const HELP = `Usage: npm run bench -- [options]

Measures the engine on a throwaway server and prints what it measured. The engine runs in a
process of its own; what it is compared with runs on the same server, in the same run.

  --only NAME,…   copy, load, apply, bulk, decode, cutover, schema (default: all of them)
  --rows N        rows of the table (default 1000000)
  --rounds N      how often copy, apply and decode are measured; the median counts (default 3)
  --cutovers N    cutovers to measure (default 20)
  --server NAME   mysql-9.7 (default) or mariadb-10.11: the family; the version is that of the
                  program that is found
  --set NAME=VALUE  a setting of the server; can be given again
  --gh-ost PATH   run this gh-ost too: --allow-on-master --chunk-size=1000 --execute
  --pt-osc PATH   run this pt-online-schema-change too: --recursion-method=none --execute
  --soak MINUTES  instead of all that: hold a deployment at the gate under 400 writes/s, and watch
                  the memory and the handles of its process
  --json          one JSON object instead of the table
  -h, --help      this text
`

const SERVERS: Readonly<Record<string, Flavour>> = {
  'mysql-9.7': 'mysql',
  'mariadb-10.11': 'mariadb',
}

const NAMES = ['copy', 'load', 'apply', 'bulk', 'decode', 'cutover', 'schema'] as const

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: NAMES.join(',') },
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    cutovers: { type: 'string', default: '20' },
    server: { type: 'string', default: 'mysql-9.7' },
    set: { type: 'string', multiple: true, default: [] },
    'gh-ost': { type: 'string' },
    'pt-osc': { type: 'string' },
    soak: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await main()

async function main(): Promise<void> {
  const [rows, rounds, cutovers] = [values.rows, values.rounds, values.cutovers].map(wholeNumber)
  if (!rows || !rounds || !cutovers)
    throw new Error('--rows, --rounds and --cutovers take a number')
  const flavour = SERVERS[values.server]
  if (!flavour) throw new Error('--server takes mysql-9.7 or mariadb-10.11')
  const peers = await findPeers()
  await using server = await startThrowaway(flavour, {
    env: process.env,
    args: ['innodb-buffer-pool-size=1G', ...values.set].map((setting) => `--${setting}`),
  })
  const machine = await describeMachine(server)
  const print = (text: string) => void (values.json || process.stdout.write(text))
  print(`${machine}\n\n`)
  const benches: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
    copy: () => benchCopy(server, { rows, rounds, peers }),
    load: () => benchLoad(server, { rows, peers }),
    apply: () => benchApply(server, { rows, rounds }),
    bulk: () => benchBulk(server, { rows }),
    decode: () => benchDecode(server, { rows, rounds }),
    cutover: () => benchCutover(server, cutovers),
    schema: () => benchSchema(server),
  }
  const measured: Measurement[] = []
  const take = (more: readonly Measurement[]) => {
    measured.push(...more)
    print(printTable(more))
  }
  if (values.soak) {
    take(await benchSoak(server, { rows, minutes: wholeNumber(values.soak), print }))
  } else {
    for (const bench of findBenches(benches)) take(await bench())
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, measured })}\n`)
  if (peers.length === 0 && !values.soak) {
    print('\ngh-ost and pt-online-schema-change were not measured: give their paths.\n')
  }
}

function findBenches<T>(benches: Readonly<Record<string, T>>): readonly T[] {
  return values.only.split(',').map((name) => {
    const bench = benches[name]
    if (!bench) throw new Error(`--only takes ${NAMES.join(', ')}`)
    return bench
  })
}

async function findPeers(): Promise<readonly Peer[]> {
  const given: readonly [PeerName, string | undefined][] = [
    ['gh-ost', values['gh-ost']],
    ['pt-online-schema-change', values['pt-osc']],
  ]
  const peers: Peer[] = []
  for (const [name, path] of given) if (path) peers.push(await findPeer(name, path))
  return peers
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${text} is no whole number above 0`)
  return value
}
