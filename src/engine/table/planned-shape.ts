import type { Column, Key, Table } from '../../schema/table.ts'
import { PRIMARY, type ShapeColumn, type ShapeKey, type TableShape } from './table-shape.ts'

/**
 * The shape of a table that is described and need not be on any server. It tells which keys serve and which values stay
 * the same; it knows no sizes, and of text only whether two columns are compared alike.
 */
export function plannedShape(schema: string, table: Table): TableShape {
  const collation = table.options.find(({ name }) => name === 'COLLATE')?.value ?? null
  const charset = table.options.find(({ name }) => name === 'DEFAULT CHARSET')?.value ?? null
  const inherited = collation ?? charset
  return {
    schema,
    name: table.name,
    engine: (table.options.find(({ name }) => name === 'ENGINE')?.value ?? 'innodb').toLowerCase(),
    columns: table.columns.map((column, ordinal) => shapeOf(column, ordinal, inherited)),
    uniqueKeys: table.keys.filter(({ kind }) => kind === 'primary' || kind === 'unique').map(keyOf),
    hasFulltext: table.keys.some(({ kind }) => kind === 'fulltext'),
    rowsEstimated: 0,
    bytes: 0,
  }
}

function shapeOf(column: Column, ordinal: number, inherited: string | null): ShapeColumn {
  const dataType = (/^\w+/.exec(column.type)?.[0] ?? '').toLowerCase()
  const hasNames = dataType === 'enum' || dataType === 'set'
  const columnType = hasNames ? column.type : column.type.toLowerCase()
  return {
    name: column.name,
    ordinal,
    dataType,
    columnType,
    unsigned: !hasNames && columnType.includes('unsigned'),
    nullable: column.nullable,
    charset: null,
    collation: column.inheritsCollation ? inherited : ownCollation(column),
    length: Number(/^\w+\((\d+)\)/.exec(columnType)?.[1] ?? Number.NaN) || null,
    generated: column.generated !== null,
    storedAs: column.generated === 'stored' ? column.definition : null,
    autoIncrement: column.autoIncrement,
  }
}

function ownCollation({ definition }: Column): string | null {
  const found = /\b(?:COLLATE|CHARACTER SET)\s+(\w+)/i.exec(definition)
  return found?.[1]?.toLowerCase() ?? null
}

function keyOf({ name, kind, parts }: Key): ShapeKey {
  return {
    name: kind === 'primary' ? PRIMARY : name,
    columns: parts.flatMap((part) => (part.kind === 'column' ? [part.column] : [])),
    prefix: parts.some((part) => part.kind === 'column' && part.length !== null),
    expression: parts.some((part) => part.kind === 'expression'),
  }
}
