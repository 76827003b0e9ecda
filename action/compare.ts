import { warning } from '@actions/core'
import { type PlannedOperation, planOperation } from '../src/deploy/plan.ts'
import type { CommitSha } from '../src/deploy/request.ts'
import { filesDigest, type Submission } from '../src/deploy/submission.ts'
import { Refusal } from '../src/errors.ts'
import { type Definition, type LintResult, lintChange } from '../src/lint/lint.ts'
import type { Levels } from '../src/lint/rules.ts'
import { suppressionsOf } from '../src/lint/suppression.ts'
import type { Session } from '../src/mysql/session.ts'
import { diagramOf } from '../src/render/diagram.ts'
import { checkSchemaFile } from '../src/schema/allow-list.ts'
import { canonicalise } from '../src/schema/canonical.ts'
import { diffSchemas } from '../src/schema/diff.ts'
import { isSchemaFile } from '../src/schema/load.ts'
import { schemaOf, schemaToSql } from '../src/schema/parse.ts'
import { type CommitFile, type FileSource, readCommitFolder } from './commit-files.ts'
import { inert } from './log.ts'

/** A database as the config file names it: its schema files are those below `folder`. */
export type DatabaseFolder = {
  readonly database: string
  readonly folder: string
  /** How loud the rules of lint are about it. */
  readonly levels: Levels
}

/** The head of the pull request, and the commit that it is a change of. */
export type Commits = { readonly base: CommitSha; readonly head: CommitSha }

/** One database's schema at both commits, and what turns the one into the other. */
export type Comparison = {
  readonly submission: Submission
  /** In the order in which they run. */
  readonly operations: readonly PlannedOperation[]
  /** What lint says of the head that it would not say of the base. */
  readonly lint: LintResult
  /** The changed tables and their neighbours. */
  readonly diagram: string | null
}

/**
 * Reads one database's schema at both commits and compares them. Statements reach the scratch server only past
 * the allow-list.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file and line, SCHEMA_TOO_LARGE,
 *   SCHEMA_EMPTY when the head has no table: that would be a wish to drop every table.
 */
export async function compare(
  source: FileSource,
  { base, head }: Commits,
  { database, folder, levels }: DatabaseFolder,
  scratch: Session,
): Promise<Comparison> {
  const read = (commit: CommitSha) => readCommitFolder(source, { commit, folder }, isSchemaFile)
  const files = await read(head)
  const digest = filesDigest(files)
  const wanted = await loadSchema(scratch, files)
  if (wanted.schema.tables.size === 0) throw noTables({ database, folder })
  const baseFiles = await read(base)
  const former =
    filesDigest(baseFiles) === digest ? wanted : await loadBase(scratch, baseFiles, folder)
  return {
    submission: {
      version: 1,
      database,
      headSha: head,
      baseSha: base,
      baseSchema: schemaToSql(former.schema),
      wantedSchema: schemaToSql(wanted.schema),
      filesDigest: digest,
      suppressions: suppressionsOf(wanted.sources),
    },
    operations: diffSchemas(former.schema, wanted.schema).map((change) =>
      planOperation(change, null),
    ),
    lint: lintChange(former, wanted, levels),
    diagram: diagramOf(former.schema, wanted.schema),
  }
}

async function loadSchema(scratch: Session, files: readonly CommitFile[]): Promise<Definition> {
  const sources = files.flatMap(({ text, path }) => checkSchemaFile(text, path))
  return { schema: await canonicalise(scratch, sources), sources }
}

/**
 * The schema of the base. One that cannot be read is taken for empty, with a warning: else nobody could open the
 * pull request that mends it. The bot is not misled, because it drops nothing that the base does not hold.
 */
async function loadBase(
  scratch: Session,
  files: readonly CommitFile[],
  folder: string,
): Promise<Definition> {
  try {
    return await loadSchema(scratch, files)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    warning(
      inert(`The schema in ${folder} of the base cannot be read, so every table counts as new.
${error.code}: ${error.message}`),
    )
    return { schema: schemaOf([]), sources: [] }
  }
}

function noTables({ database, folder }: Omit<DatabaseFolder, 'levels'>): Refusal {
  return new Refusal('SCHEMA_EMPTY', `No .sql file in ${folder} holds a table of ${database}.`, {
    next: 'Commit a file with a `CREATE TABLE` for each table, or mend the path in the config file.',
  })
}
