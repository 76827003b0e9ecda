import { diagramOf } from '../render/diagram.ts'
import { ddlOf, dropsData } from '../schema/diff/ddl.ts'
import { diffSchemas, type SchemaChange, tableOf } from '../schema/diff/diff.ts'
import { stepsOf } from '../schema/diff/steps.ts'
import { unifiedDiff } from '../schema/diff/text-diff.ts'
import { renamesIn } from '../schema/file/rename-hint.ts'
import { loadSchema, loadSource } from '../schema/load.ts'
import type { Renames } from '../schema/renames.ts'
import type { Schema } from '../schema/table.ts'
import { toldUnmanaged, unmanagedIn } from '../schema/unmanaged.ts'
import { CommandLine } from './command-line.ts'
import type { CommandIo } from './io.ts'
import { openLoading } from './scratch.ts'

export const DIFF_HELP = `Usage: crossfade diff FROM TO [options]

Prints the SQL that turns the schema FROM into the schema TO. Nothing is changed anywhere.
FROM and TO are each a folder of CREATE TABLE and CREATE VIEW files (*.sql, with subfolders), a folder of migrations, which are
run in order on the scratch server (Prisma, Drizzle, Flyway, dbmate, goose, golang-migrate, numbered files,
a dump such as structure.sql, a single SQL file), or a database: mysql://user:password@host:port/schema

  --scratch URL  make the tables of a folder on this server, in a schema that is dropped again;
                 without it a throwaway server is started: MySQL, or MariaDB when FROM or TO is one
  --json         one JSON object: {equal, changes: [{kind, table, statement, dropsData, diff}],
                 unmanaged: [{kind, name, table}]}, triggers and the like, which are left as they are;
                 the same as --format json
  --format diff  each changed definition as a unified diff instead of the SQL
  --format mermaid
                 a diagram of the changed tables and their neighbours, as text that GitHub draws
  -h, --help     this text

A column of TO whose line in the file ends in -- crossfade:renamed-from old_name keeps its values.

Exit status: 0 equal · 1 different · 2 error

Examples:
  crossfade diff mysql://app@db.example/shop schema/shop    what is to be deployed
  crossfade diff schema/shop mysql://app@db.example/shop    what somebody changed by hand
  crossfade diff mysql://app@db.example/shop prisma/migrations    what the migrations would change
`

/** Compares two schemas; returns the exit status: 0 equal, 1 different. What it refuses it throws. */
export async function diffCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') {
    io.out(DIFF_HELP)
    return 0
  }
  const compared = await compare(options, io)
  const isEqual = compared.changes.length === 0
  const left = toldUnmanaged(unmanagedIn(compared.from, compared.to))
  if (left !== null && options.format !== 'json') io.err(left)
  if (isEqual && options.format !== 'json') io.err('The schemas are equal.')
  else PRINT[options.format](compared, io)
  return isEqual ? 0 : 1
}

type Compared = {
  readonly from: Schema
  readonly to: Schema
  readonly renames: Renames
  /** One for each table or view. */
  readonly changes: readonly SchemaChange[]
}

const FORMATS = ['sql', 'diff', 'mermaid', 'json'] as const
type Format = (typeof FORMATS)[number]

const PRINT: Readonly<Record<Format, (compared: Compared, io: CommandIo) => void>> = {
  sql: (compared, io) => {
    for (const change of steps(compared)) io.out(toText(change))
  },
  diff: ({ changes }, io) => {
    for (const change of changes) io.out(toDiff(change))
  },
  mermaid: ({ from, to, renames }, io) => {
    const diagram = diagramOf(from, to, renames)
    if (diagram === null) io.err('Too many tables change for a diagram of them.')
    else if (diagram === '') io.err('No table changes, so there is nothing to draw.')
    else io.out(diagram)
  },
  json: (compared, io) => {
    const changes = steps(compared).map(toJson)
    const unmanaged = unmanagedIn(compared.from, compared.to)
    io.out(JSON.stringify({ equal: changes.length === 0, changes, unmanaged }))
  },
}

/** What any session can run. */
function steps({ from, to, changes }: Compared): readonly SchemaChange[] {
  return stepsOf(changes, { from, to })
}

type Options = {
  readonly from: string
  readonly to: string
  readonly scratch: string | null
  readonly format: Format
}

function readOptions(args: readonly string[]): Options | 'help' {
  const line = new CommandLine('diff', args)
  const { values, positionals } = line.read({
    scratch: { type: 'string' },
    json: { type: 'boolean' },
    format: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  })
  if (values.help) return 'help'
  const [from, to, ...more] = positionals
  if (!from || !to || more.length > 0) {
    throw line.refusal(`diff takes two schemas, not ${positionals.length}`)
  }
  const format = FORMATS.find((name) => name === (values.format ?? 'sql'))
  if (!format) throw line.refusal(`--format is one of ${FORMATS.join(', ')}`)
  return { from, to, scratch: values.scratch ?? null, format: values.json ? 'json' : format }
}

async function compare({ from, to, scratch }: Options, io: CommandIo): Promise<Compared> {
  await using loading = await openLoading([from, to], scratch, io)
  const before = await loadSchema(from, loading)
  const after = await loadSource(to, loading)
  const renames = renamesIn(after)
  const changes = diffSchemas(before, after.schema, renames)
  return { from: before, to: after.schema, renames, changes }
}

function toText(change: SchemaChange): string {
  const { statement } = ddlOf(change)
  return dropsData(change) ? `-- drops data\n${statement};` : `${statement};`
}

function toJson(change: SchemaChange) {
  return { ...ddlOf(change), dropsData: dropsData(change), diff: toDiff(change) }
}

function toDiff(change: SchemaChange): string {
  const from = 'from' in change ? change.from.sql : null
  const to = 'to' in change ? change.to.sql : null
  return unifiedDiff(tableOf(change), from, to)
}
