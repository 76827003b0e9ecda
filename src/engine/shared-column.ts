import type { ShapeColumn, TableShape } from './table-shape.ts'

/** A column that both tables have; the names differ when the change renames it. */
export type SharedColumn = { readonly from: ShapeColumn; readonly to: ShapeColumn }

/** The columns that the target takes over from the source, in the source's order. */
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
    return to && !to.generated ? [{ from, to }] : []
  })
}

/** The digits after the point of a DECIMAL; 0 for every other type. */
export function scaleOf({ columnType }: ShapeColumn): number {
  return Number(/^decimal\(\d+,(\d+)\)/.exec(columnType)?.[1] ?? 0)
}

/** The digits of a second's fraction that a DATETIME, TIMESTAMP or TIME keeps; 0 for every other type. */
export function fractionOf({ columnType }: ShapeColumn): number {
  return Number(/^(?:datetime|timestamp|time)\((\d)\)/.exec(columnType)?.[1] ?? 0)
}
