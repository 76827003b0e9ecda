import type { SchemaSource } from '../src/deploy/config.ts'
import { type PlannedOperation, planOperation } from '../src/deploy/plan.ts'
import type { Submission } from '../src/deploy/submission.ts'
import { Refusal } from '../src/errors.ts'
import { type LintResult, lintChange } from '../src/lint/lint.ts'
import type { Levels } from '../src/lint/rules.ts'
import { suppressionsOf } from '../src/lint/suppression.ts'
import { diagramOf } from '../src/render/diagram.ts'
import { diffSchemas } from '../src/schema/diff/diff.ts'
import { renamesIn } from '../src/schema/file/rename-hint.ts'
import { schemaToSql } from '../src/schema/parse.ts'
import { renamesToJson } from '../src/schema/renames.ts'
import type { Commits, Schemas } from './schemas.ts'

/** A database as the config file names it. */
export type Database = {
  readonly database: string
  readonly source: SchemaSource
  /** How loud the rules of lint are about it. */
  readonly levels: Levels
}

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
 * What turns a database's former schema into the wanted one, and what lint says of it.
 *
 * @throws {Refusal} SCHEMA_EMPTY when there is no wanted table: that would be a wish to drop every table.
 */
export function compare(
  { base, head }: Commits,
  { database, source, levels }: Database,
  { former, wanted, digest }: Schemas,
): Comparison {
  if (wanted.schema.tables.size === 0) throw noTables(database, source)
  const renames = renamesIn(wanted)
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
      renames: renamesToJson(renames),
    },
    operations: diffSchemas(former.schema, wanted.schema, renames).map((change) =>
      planOperation(change, null),
    ),
    lint: lintChange(former, wanted, levels),
    diagram: diagramOf(former.schema, wanted.schema, renames),
  }
}

function noTables(database: string, source: SchemaSource): Refusal {
  if (source.kind === 'database') {
    const message = `The development database of ${database} holds no table.`
    return new Refusal('SCHEMA_EMPTY', message, { next: 'Check the input database-url.' })
  }
  const message = `No .sql file in ${source.path} holds a table of ${database}.`
  return new Refusal('SCHEMA_EMPTY', message, {
    next: 'Commit a file with a `CREATE TABLE` for each table, or mend the path in the config file.',
  })
}
