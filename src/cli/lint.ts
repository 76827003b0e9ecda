import { readFile } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { CONFIG_PATH, type DatabaseConfig, parseConfig } from '../deploy/config.ts'
import { Refusal } from '../errors.ts'
import { countLevels, type LintResult, lint } from '../lint/lint.ts'
import type { Levels } from '../lint/rules.ts'
import { isDatabaseUrl, loadSchema, loadSource } from '../schema/load.ts'
import { printable } from '../schema/place.ts'
import { toldUnmanaged, unmanagedIn } from '../schema/unmanaged.ts'
import { CommandLine } from './command-line.ts'
import { toGitHub, toJson, toText } from './findings.ts'
import type { CommandIo } from './io.ts'
import { openLoading } from './scratch.ts'

export const LINT_HELP = `Usage: crossfade lint DIR [options]

Says what is dangerous about the schema in DIR, a folder of CREATE TABLE and CREATE VIEW files (with subfolders),
a folder of migrations, or a database: mysql://user:password@host:port/schema. Nothing is changed anywhere.
docs/lint.md explains each rule.

  --against WHAT   also look at the change from WHAT, another of these, to DIR
  --config FILE    take the levels of rules from this file; without it from ${CONFIG_PATH},
                   if there is one. The database is the one whose schema is DIR, or the only one
  --scratch URL    make the tables of a folder on this server, in a schema that is dropped again;
                   without it a throwaway server is started: MySQL, or MariaDB when WHAT or DIR is one
  --json           one JSON object: {findings, accepted, counts}; the same as --format json
  --format github  lines that GitHub Actions shows at the files
  -h, --help       this text

Exit status: 0 no errors · 1 errors found · 2 nothing could be said

Examples:
  crossfade lint schema/shop
  crossfade lint schema/shop --against mysql://app@db.example/shop
`

/** Prints what the rules find; returns the exit status: 1 when an error is among it. What it refuses it throws. */
export async function lintCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') {
    io.out(LINT_HELP)
    return 0
  }
  const result = await run(options, await readLevels(options), io)
  print(options.format, result, io)
  return countLevels(result.findings).error > 0 ? 1 : 0
}

function print(format: Format, result: LintResult, io: CommandIo): void {
  if (format === 'json') io.out(JSON.stringify(toJson(result)))
  if (format === 'github') for (const finding of result.findings) io.out(toGitHub(finding))
  if (format === 'text') for (const finding of result.findings) io.out(toText(finding))
  if (format === 'json') return
  const { error, warning, info } = countLevels(result.findings)
  io.err(
    `Errors: ${error} · warnings: ${warning} · infos: ${info} · accepted: ${result.accepted.length}`,
  )
}

const FORMATS = ['text', 'json', 'github'] as const
type Format = (typeof FORMATS)[number]

type Options = {
  readonly wanted: string
  readonly against: string | null
  readonly config: string | null
  readonly scratch: string | null
  readonly format: Format
}

function readOptions(args: readonly string[]): Options | 'help' {
  const line = new CommandLine('lint', args)
  const { values, positionals } = line.read({
    against: { type: 'string' },
    config: { type: 'string' },
    scratch: { type: 'string' },
    format: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  })
  if (values.help) return 'help'
  const [wanted, ...more] = positionals
  if (!wanted || more.length > 0)
    throw line.refusal(`lint takes one schema, not ${positionals.length}`)
  const format = FORMATS.find((name) => name === (values.format ?? 'text'))
  if (!format) throw line.refusal('--format is one of text, json, github')
  return {
    wanted,
    against: values.against ?? null,
    config: values.config ?? null,
    scratch: values.scratch ?? null,
    format: values.json ? 'json' : format,
  }
}

async function run(
  { wanted, against, scratch }: Options,
  levels: Levels,
  io: CommandIo,
): Promise<LintResult> {
  const named = against === null ? [wanted] : [wanted, against]
  await using loading = await openLoading(named, scratch, io)
  const from = against === null ? null : await loadSchema(against, loading)
  const { schema, sources } = await loadSource(wanted, loading)
  const left = toldUnmanaged(unmanagedIn(...(from ? [from] : []), schema))
  if (left !== null) io.err(left)
  return lint({ wanted: schema, from, sources, levels })
}

/** A config file that is named has to be there; the usual one need not. */
async function readLevels({ wanted, config }: Options): Promise<Levels> {
  const path = config ?? CONFIG_PATH
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (config === null && isMissing(error)) return null
    throw new Refusal('CONFIG_INVALID', `The config file ${printable(path)} cannot be read.`, {
      next: 'Check the path after --config.',
      cause: error,
    })
  })
  return text === null ? {} : findDatabase(Object.values(parseConfig(text).databases), wanted).lint
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** The one whose schema folder is `wanted`, wherever the repository lies; else the only one. */
function findDatabase(databases: readonly DatabaseConfig[], wanted: string): DatabaseConfig {
  const folder = isDatabaseUrl(wanted) ? '' : resolve(wanted)
  const isHere = ({ source }: DatabaseConfig) =>
    source.kind !== 'database' && folder.endsWith(`${sep}${source.path.replaceAll('/', sep)}`)
  const found = databases.find(isHere) ?? (databases.length === 1 ? databases[0] : undefined)
  if (found) return found
  throw new Refusal(
    'CONFIG_INVALID',
    'The config file does not say which database this schema is of.',
    {
      next: 'Lint the folder that the config file names as `schema:` or `migrations:` of a database.',
    },
  )
}
