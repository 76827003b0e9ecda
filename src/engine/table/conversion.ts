import { type RawBuilder, sql } from 'kysely'
import { columnOf } from './key-sql.ts'
import type { TablePair } from './pair.ts'
import type { SharedColumn } from './shared-column.ts'
import type { ShapeColumn } from './table-shape.ts'

type Kind = 'number' | 'float' | 'names' | 'json' | 'bits' | 'text' | 'other'

const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/^(?:\w*int|decimal|double|year)$/, 'number'],
  [/^float$/, 'float'],
  [/^(?:enum|set)$/, 'names'],
  [/^json$/, 'json'],
  [/^bit$/, 'bits'],
  [/char|text|binary|blob/, 'text'],
]

type Form = (name: RawBuilder<unknown>) => RawBuilder<unknown>

const asText: Form = (name) => sql`CAST(${name} AS CHAR)`
/**
 * MariaDB's own ALTER takes a number for the place of a name, and does not read this comment. Where that shows another
 * value than before, the comparison of the rows refuses it (test/cases/numbers-to-places).
 */
const asName: Form = (name) => sql`/*!80000 CAST( */ ${name} /*!80000 AS CHAR) */`
const asNumber: Form = (name) => sql`CAST(${name} AS UNSIGNED)`
const bitsAsText: Form = (name) => sql`CAST(${name} + 0 AS CHAR)`

/** From what to what, towards the new table. */
const FORWARD: Readonly<Record<string, Form>> = {
  'number names': asName,
  'number json': asText,
  'float names': asName,
  'float json': asText,
  'float text': asText,
  'text bits': asNumber,
  'json bits': asNumber,
}

/** The same on the way back. */
const BACK: Readonly<Record<string, Form>> = {
  'names number': asText,
  'names float': asText,
  'bits text': bitsAsText,
  'bits json': bitsAsText,
}

/**
 * The value of a source column as it must be written to the target.
 *
 * Between some types INSERT … SELECT stores another value than ALTER TABLE does, which goes by the text: the number 1
 * becomes the first name of an ENUM and not the name '1', a FLOAT 0.1 the text 0.10000000149011612, the text '1' the BIT
 * with its ASCII code; and no number becomes JSON. On the way back to the old table each of them is undone.
 * test/cases/numbers-to-names and its neighbours compare with what ALTER TABLE makes of the same rows.
 */
export function valueFor(pair: TablePair, { from, to }: SharedColumn): RawBuilder<unknown> {
  const name = columnOf(pair.source, from)
  if (isInstant(from) !== isInstant(to)) return inZoneOf(to, from, name)
  if (isCutShort(pair, { from, to })) return sql`TRIM(TRAILING 0x00 FROM ${name})`
  const forms = pair.write === 'update_insert' ? BACK : FORWARD
  const form = forms[`${kindOf(from)} ${kindOf(to)}`]
  return form ? form(name) : name
}

/** Whether a BINARY goes back to a column that is shorter: the zeros that it is filled up with have no room there. */
function isCutShort({ write }: TablePair, { from, to }: SharedColumn): boolean {
  const isShorter = to.length !== null && from.length !== null && to.length < from.length
  return (
    write === 'update_insert' &&
    from.dataType === 'binary' &&
    /binary|blob/.test(to.dataType) &&
    isShorter
  )
}

/** Whether the column holds moments, and not what a clock on some wall shows. */
function isInstant({ dataType }: ShapeColumn): boolean {
  return dataType === 'timestamp'
}

/**
 * A value of `own` for a column of the other sort: between TIMESTAMP, which our sessions read in UTC, and a clock's time
 * stands the server's time zone, as it does for ALTER TABLE in a session of the default zone. What has no counterpart,
 * such as a zero date, stays as it is and is judged where it is written (test/cases/time-zone.mysql.test.ts).
 */
export function inZoneOf(
  other: ShapeColumn,
  own: ShapeColumn,
  name: RawBuilder<unknown>,
): RawBuilder<unknown> {
  if (isInstant(own) === isInstant(other)) return name
  const [utc, server] = [sql`'+00:00'`, sql`@@GLOBAL.time_zone`]
  const [from, to] = isInstant(own) ? [utc, server] : [server, utc]
  return sql`COALESCE(CONVERT_TZ(${name}, ${from}, ${to}), ${name})`
}

function kindOf({ dataType }: ShapeColumn): Kind {
  return KINDS.find(([pattern]) => pattern.test(dataType))?.[1] ?? 'other'
}
