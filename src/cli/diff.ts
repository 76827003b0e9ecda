import { parseArgs } from 'node:util'
import { Refusal } from '../errors.ts'
import { ddlOf, dropsData } from '../schema/ddl.ts'
import { diffSchemas, type SchemaChange, tableOf } from '../schema/diff.ts'
import { loadSchema } from '../schema/load.ts'
import { stepsOf } from '../schema/steps.ts'
import { unifiedDiff } from '../schema/text-diff.ts'
import type { CommandIo } from './io.ts'
import { openLoading } from './scratch.ts'

export const DIFF_HELP = `Usage: crossfade diff FROM TO [options]

Prints the SQL that turns the schema FROM into the schema TO. Nothing is changed anywhere.
FROM and TO are each a folder of CREATE TABLE files (*.sql, with subfolders)
or a database: mysql://user:password@host:port/schema

  --scratch URL  make the tables of a folder on this server, in a schema that is dropped again;
                 without it a throwaway server is started: MySQL, or MariaDB when FROM or TO is one
  --json         one JSON object: {equal, changes: [{kind, table, statement, dropsData, diff}]}
  -h, --help     this text

Exit status: 0 equal · 1 different · 2 error

Examples:
  crossfade diff mysql://app@db.example/shop schema/shop    what is to be deployed
  crossfade diff schema/shop mysql://app@db.example/shop    what somebody changed by hand
`

/** Compares two schemas; returns the exit status: 0 equal, 1 different. What it refuses it throws. */
export async function diffCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') {
    io.out(DIFF_HELP)
    return 0
  }
  const changes = await compare(options, io)
  if (options.json) {
    io.out(JSON.stringify({ equal: changes.length === 0, changes: changes.map(toJson) }))
  } else {
    for (const change of changes) io.out(toText(change))
    if (changes.length === 0) io.err('The schemas are equal.')
  }
  return changes.length === 0 ? 0 : 1
}

type Options = {
  readonly from: string
  readonly to: string
  readonly scratch: string | null
  readonly json: boolean
}

function readOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const [from, to, ...more] = positionals
  if (!from || !to || more.length > 0) {
    throw usage(`diff takes two schemas, not ${positionals.length}`)
  }
  return { from, to, scratch: values.scratch ?? null, json: values.json ?? false }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        scratch: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw usage('an option is unknown or lacks its value', error)
  }
}

function usage(what: string, cause?: unknown): Refusal {
  return new Refusal('INPUT_INVALID', `The command line cannot be used: ${what}.`, {
    next: 'Run crossfade diff --help',
    cause,
  })
}

async function compare(
  { from, to, scratch }: Options,
  io: CommandIo,
): Promise<readonly SchemaChange[]> {
  await using loading = await openLoading([from, to], scratch, io)
  const before = await loadSchema(from, loading)
  const after = await loadSchema(to, loading)
  return stepsOf(diffSchemas(before, after), { from: before, to: after })
}

function toText(change: SchemaChange): string {
  const { statement } = ddlOf(change)
  return dropsData(change) ? `-- drops data\n${statement};` : `${statement};`
}

function toJson(change: SchemaChange) {
  const from = 'from' in change ? change.from.sql : null
  const to = 'to' in change ? change.to.sql : null
  const diff = unifiedDiff(tableOf(change), from, to)
  return { ...ddlOf(change), dropsData: dropsData(change), diff }
}
