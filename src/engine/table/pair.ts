import { Refusal } from '../../errors.ts'
import { findIterationKey, type IterationKey } from './iteration-key.ts'
import { equallyStored, type SharedColumn, sharedColumns, writtenColumns } from './shared-column.ts'
import type { ShapeKey, TableShape } from './table-shape.ts'

/**
 * How a changed row is written to the target.
 *
 * - `replace`: REPLACE. Right only if no unique key of the target can hit a row that is not the same row, and if it has
 *   no FULLTEXT index: a REPLACE of two rows leaves the first out of it (MySQL 9.7, test/engine/deployment/shapes.mysql.test.ts).
 * - `delete_insert`: the rows of the batch are deleted and inserted again, so that values that moved between
 *   rows find their place. Right whenever the target has nothing that the source lacks.
 * - `update_insert`: shared columns are updated, missing rows inserted; columns that only the target has keep
 *   their values. Used towards the old table.
 */
export type WriteStrategy = 'replace' | 'delete_insert' | 'update_insert'

/**
 * Two tables of which the second is kept like the first. Forward, the source is the live table and the target
 * its shadow; after the cutover the source is the new live table and the target the old one. Every step
 * (copy, apply, verify) takes a pair, so both directions are the same code.
 */
export type TablePair = IterationKey & {
  readonly source: TableShape
  readonly target: TableShape
  /** The columns that are written. A generated column can be of the key, and is not among them. */
  readonly columns: readonly SharedColumn[]
  readonly write: WriteStrategy
}

/**
 * Pairs two tables.
 *
 * @param renames column names of the source → names of the target, where they differ.
 * @param dropped columns of the old table that the change drops; a new one may have the same name and is another.
 * @throws {Refusal} NO_UNIQUE_KEY when one side has no unique key that serves; TABLE_UNSUPPORTED when the change takes
 *   the table away from InnoDB.
 */
export function pairTables(
  source: TableShape,
  target: TableShape,
  {
    renames,
    dropped = new Set(),
    towardsOld,
  }: {
    readonly renames: ReadonlyMap<string, string>
    readonly dropped?: ReadonlySet<string>
    readonly towardsOld: boolean
  },
): TablePair {
  requireTransactions(source, target)
  const gone = new Set([...dropped].map((name) => name.toLowerCase()))
  const shared = sharedColumns(source, target, renames).filter(
    ({ from, to }) => !gone.has((towardsOld ? to : from).name.toLowerCase()),
  )
  const columns = writtenColumns(shared)
  const keyColumns = [...columns.filter(({ from }) => !from.generated), ...equallyStored(shared)]
  const key = findIterationKey({ source, target, columns: keyColumns, towardsOld })
  const canReplace = everyKeyImplied(source, target, columns) && !target.hasFulltext
  const forward = canReplace ? 'replace' : 'delete_insert'
  return {
    ...key,
    source,
    target,
    columns,
    write: towardsOld ? 'update_insert' : forward,
  }
}

/** Chunks, batches and what is recorded of them are committed together, which no other storage engine can do. */
function requireTransactions({ name }: TableShape, { engine }: TableShape): void {
  if (engine === 'innodb') return
  throw new Refusal(
    'TABLE_UNSUPPORTED',
    `The change would store ${name} by ${engine}, not InnoDB.`,
    {
      next: 'Remove ENGINE from the statement, or change the table without Crossfade.',
    },
  )
}

function isWhole(key: ShapeKey): boolean {
  return !key.prefix && !key.expression
}

/**
 * Whether every unique key of the target contains a unique key of the source whose values are told apart at
 * least as finely in the target: then two different rows can never collide there.
 */
function everyKeyImplied(
  source: TableShape,
  target: TableShape,
  columns: readonly SharedColumn[],
): boolean {
  return target.uniqueKeys.every((key) => {
    if (!isWhole(key)) return false
    return source.uniqueKeys.some(
      (own) =>
        isWhole(own) &&
        own.columns.every((name) => {
          const shared = columns.find(({ from }) => from.name === name)
          return shared !== undefined && key.columns.includes(shared.to.name) && isAsFine(shared)
        }),
    )
  })
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])
const STRINGS = new Set(['char', 'varchar', 'text', 'tinytext', 'mediumtext', 'longtext'])

function isAsFine({ from, to }: SharedColumn): boolean {
  if (INTEGERS.has(from.dataType) && INTEGERS.has(to.dataType)) return true
  if (STRINGS.has(from.dataType) && STRINGS.has(to.dataType)) return from.collation === to.collation
  return from.columnType === to.columnType && from.collation === to.collation
}
