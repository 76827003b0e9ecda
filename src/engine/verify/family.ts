import type { ShapeColumn } from '../table/table-shape.ts'

/** Types whose values are compared alike. */
export type Family =
  | 'exact'
  | 'float'
  | 'bits'
  | 'moment'
  | 'time'
  | 'text'
  | 'bytes'
  | 'json'
  | 'spatial'

const FAMILIES: Readonly<Record<string, Family>> = {
  tinyint: 'exact',
  smallint: 'exact',
  mediumint: 'exact',
  int: 'exact',
  bigint: 'exact',
  decimal: 'exact',
  year: 'exact',
  float: 'float',
  double: 'float',
  bit: 'bits',
  date: 'moment',
  datetime: 'moment',
  timestamp: 'moment',
  time: 'time',
  char: 'text',
  varchar: 'text',
  tinytext: 'text',
  text: 'text',
  mediumtext: 'text',
  longtext: 'text',
  enum: 'text',
  set: 'text',
  binary: 'bytes',
  varbinary: 'bytes',
  tinyblob: 'bytes',
  blob: 'bytes',
  mediumblob: 'bytes',
  longblob: 'bytes',
  json: 'json',
}

/** The family of a column's type; what is none of the others is compared as the bytes that it is stored as. */
export function familyOf({ dataType }: ShapeColumn): Family {
  return FAMILIES[dataType] ?? 'spatial'
}
