import type { ShapeColumn, TableShape } from './table-shape.ts'

/** A column that both tables have; the names differ when the change renames it. */
export type SharedColumn = { readonly from: ShapeColumn; readonly to: ShapeColumn }

/** The columns that both tables have, generated ones included, in the source's order. */
export function sharedColumns(
  source: TableShape,
  target: TableShape,
  renames: ReadonlyMap<string, string>,
): readonly SharedColumn[] {
  const renamedTo = new Set([...renames.values()].map((name) => name.toLowerCase()))
  const newNames = new Map([...renames].map(([from, to]) => [from.toLowerCase(), to.toLowerCase()]))
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]))
  return source.columns.flatMap((from) => {
    const name = from.name.toLowerCase()
    const renamed = newNames.get(name)
    // A new column that takes the name of one that was renamed away is another column.
    if (!renamed && renamedTo.has(name)) return []
    const to = byName.get(renamed ?? name)
    return to ? [{ from, to }] : []
  })
}

/** Of shared columns, those that the target takes over: it computes its generated ones itself. */
export function writtenColumns(shared: readonly SharedColumn[]): readonly SharedColumn[] {
  return shared.filter(({ to }) => !to.generated)
}

/**
 * Of shared columns, the generated ones that hold the same value on both sides: they are stored, and computed in the same
 * way from columns that keep their type.
 */
export function equallyStored(shared: readonly SharedColumn[]): readonly SharedColumn[] {
  const retyped = shared.filter(
    ({ from, to }) => from.columnType !== to.columnType || from.collation !== to.collation,
  )
  return shared.filter((column) => {
    const { storedAs } = column.from
    if (storedAs === null || storedAs !== column.to.storedAs || retyped.includes(column))
      return false
    return !retyped.some(({ from }) => storedAs.includes(`\`${from.name}\``))
  })
}

/** The digits after the point of a DECIMAL; 0 for every other type. */
export function scaleOf({ columnType }: ShapeColumn): number {
  return Number(/^decimal\(\d+,(\d+)\)/.exec(columnType)?.[1] ?? 0)
}

/** The digits of a second's fraction that a DATETIME or TIMESTAMP keeps; 0 for every other type. */
export function fractionOf({ columnType }: ShapeColumn): number {
  return Number(/^(?:datetime|timestamp)\((\d)\)/.exec(columnType)?.[1] ?? 0)
}
