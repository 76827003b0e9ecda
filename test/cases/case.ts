import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Flavour } from '../../src/mysql/server.ts'
import { splitScript } from './script.ts'

/** How a case must end. */
export type Expected =
  | {
      readonly outcome: 'complete'
      /** What SHOW CREATE TABLE of the new table must hold. */
      readonly structure: string | null
    }
  /** `code` null: any refusal will do, as in suites that know other codes. */
  | { readonly outcome: 'failed'; readonly code: string | null }

/** A case of the conformance suite: a folder without code. */
export type Case = {
  readonly name: string
  /** The server families that know what the case is made of. */
  readonly flavours: readonly Flavour[]
  /** Make the tables and fill them. */
  readonly before: readonly string[]
  /** What the application does all the time; EVENTs of `before` come on top. */
  readonly workload: readonly string[]
  /** What it does in the revert window, once per round; when there is any, the case ends with a revert. */
  readonly revert: readonly string[]
  /** The ALTERs, which cut over together. */
  readonly change: readonly string[]
  readonly expected: Expected
  /** sql_mode and time_zone of the application; null for the server's own. */
  readonly sqlMode: string | null
  readonly timeZone: string | null
  /** More options of the command. */
  readonly options: readonly string[]
  /** Columns whose new values nobody can know beforehand. */
  readonly ignore: readonly string[]
}

/** All cases of a folder, each a folder of this suite's layout, gh-ost's or Vitess'. */
export async function loadCases(folder: string): Promise<readonly Case[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const cases = await Promise.all(names.sort().map((name) => loadCase(join(folder, name), name)))
  return cases.filter((found) => found !== null)
}

async function loadCase(folder: string, name: string): Promise<Case | null> {
  const files = await readFiles(folder)
  if (files.has('change.sql')) return ownCase(name, files)
  if (files.has('create.sql')) return foreignCase(name, files)
  return null
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return new Map(
    await Promise.all(
      files.map(async ({ name }) => [name, await readFile(join(folder, name), 'utf8')] as const),
    ),
  )
}

type ExpectFile = {
  readonly outcome: 'complete' | 'failed'
  /** Both when absent. */
  readonly flavours?: readonly Flavour[]
  readonly code?: string
  readonly structure?: string
  readonly sqlMode?: string
  readonly timeZone?: string
  readonly options?: readonly string[]
  readonly ignore?: readonly string[]
}

const BOTH: readonly Flavour[] = ['mysql', 'mariadb']

function flavoursOf({ flavours = BOTH }: ExpectFile): readonly Flavour[] {
  return flavours
}

function ownCase(name: string, files: ReadonlyMap<string, string>): Case {
  // Sound: the file lies beside this one and is read by nobody else.
  const expect = JSON.parse(files.get('expect.json') ?? '') as ExpectFile
  return {
    name,
    flavours: flavoursOf(expect),
    before: splitScript(files.get('before.sql') ?? ''),
    workload: splitScript(files.get('workload.sql') ?? ''),
    revert: splitScript(files.get('revert.sql') ?? ''),
    change: splitScript(files.get('change.sql') ?? ''),
    expected:
      expect.outcome === 'complete'
        ? { outcome: 'complete', structure: expect.structure ?? null }
        : { outcome: 'failed', code: expect.code ?? null },
    sqlMode: expect.sqlMode ?? null,
    timeZone: expect.timeZone ?? null,
    options: expect.options ?? [],
    ignore: expect.ignore ?? [],
  }
}

/** gh-ost keeps the change in its arguments, Vitess in a file; without one, both rebuild the table. */
function foreignCase(name: string, files: ReadonlyMap<string, string>): Case {
  const create = files.get('create.sql') ?? ''
  const table = /\b(gh_ost_test|onlineddl_test)\b/.exec(create)?.[1] ?? 'gh_ost_test'
  const clause = files.get('alter')?.trim() ?? alterArgument(files.get('extra_args') ?? '')
  const failed = files.has('expect_failure')
  const structure = files.get('expect_table_structure')?.trim() ?? null
  return {
    name,
    flavours: BOTH,
    before: splitScript(create),
    workload: [],
    revert: [],
    change: [`ALTER TABLE ${table} ${clause || 'ENGINE=InnoDB'}`],
    expected: failed ? { outcome: 'failed', code: null } : { outcome: 'complete', structure },
    sqlMode: files.get('sql_mode')?.trim() ?? null,
    timeZone: null,
    options: ['--chunk-rows', '10'],
    ignore: [],
  }
}

function alterArgument(args: string): string {
  const found = /--alter[= ](?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))/.exec(args)
  const text = (found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2] ?? found?.[3] ?? '').trim()
  return text.replace(/^alter\s+table\s+\S+\s+/i, '')
}
