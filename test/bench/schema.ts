import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import type { Measurement } from './measurement.ts'
import { realisticTables } from './realistic-tables.ts'

const run = promisify(execFile)

const TABLES = 2_000

/** What one process did with two schemas, as it says itself. */
export type SchemaFigures = {
  readonly seconds: number
  readonly mebibytes: number
  readonly changes: number
  readonly findings: number
}

/**
 * Compares and lints two schemas of 2,000 tables, of which a tenth differ, in a process of its own: from canonical text, and
 * with reading both from the server.
 */
export async function benchSchema(server: ThrowawayServer): Promise<readonly Measurement[]> {
  const figures = [
    ['from canonical text', await measure(['text'])],
    ['read from the server', await withSchemas(server, (urls) => measure(['server', ...urls]))],
  ] as const
  return figures.flatMap(([how, { seconds, mebibytes, changes, findings }]) => [
    {
      work: `diff and lint ${TABLES} tables, ${how}`,
      value: seconds,
      unit: 's',
      note: `${changes} changes, ${findings} findings`,
    },
    {
      work: `memory of diff and lint, ${how}`,
      value: mebibytes,
      unit: 'MiB',
      note: 'greatest resident size',
    },
  ])
}

async function measure(args: readonly string[]): Promise<SchemaFigures> {
  const child = new URL('./schema-child.ts', import.meta.url).pathname
  const { stdout } = await run(process.execPath, [child, String(TABLES), ...args])
  // Sound: schema-child.ts prints nothing else.
  return JSON.parse(stdout) as SchemaFigures
}

async function withSchemas<T>(
  server: ThrowawayServer,
  work: (urls: readonly string[]) => Promise<T>,
): Promise<T> {
  await using session = await connect(parseTarget(server.url()))
  const { former, wanted } = realisticTables(TABLES)
  const sides = [
    ['bench_schema_a', former],
    ['bench_schema_b', wanted],
  ] as const
  for (const [name, tables] of sides) {
    await session.run(sql`CREATE DATABASE ${sql.id(name)}`)
    await session.run(sql`USE ${sql.id(name)}`)
    for (const table of tables) await session.run(sql.raw(table))
  }
  try {
    return await work(sides.map(([name]) => server.url(name)))
  } finally {
    for (const [name] of sides) await session.run(sql`DROP DATABASE ${sql.id(name)}`)
  }
}
