import { lint } from '../../src/lint/lint.ts'
import { RULES } from '../../src/lint/rules.ts'
import type { CreateTable } from '../../src/schema/file/allow-list.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'
import type { Schema, Unmanaged } from '../../src/schema/table.ts'
import { parseView, type View } from '../../src/schema/view/view.ts'

export const UTF8 = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci'
const ID = '`id` bigint unsigned NOT NULL'
const PK = 'PRIMARY KEY (`id`)'

/** `t: a, b` is the table `t` with these lines; one without primary key in its lines gets an `id`. */
type Tables = Readonly<Record<string, readonly string[]>>

type Others = { readonly views: readonly View[]; readonly unmanaged: readonly Unmanaged[] }

function schema(tables: Tables, options: string, { views, unmanaged }: Others): Schema {
  return schemaOf(
    Object.entries(tables).map(([name, items]) => {
      const isBare = items.some((item) => item.startsWith('!'))
      const lines = isBare ? items.map((item) => item.replace(/^!/, '')) : [ID, ...items, PK]
      const ordered = lines.toSorted((a, b) => Number(a[0] !== '`') - Number(b[0] !== '`'))
      return parseTable(`CREATE TABLE \`${name}\` (\n${ordered.join(',\n')}\n) ${options}`)
    }),
    views,
    unmanaged,
  )
}

export type Case = {
  readonly to: Tables
  readonly from?: Tables
  /** Of the wanted tables. */
  readonly options?: string
  readonly fromOptions?: string
  readonly sources?: readonly CreateTable[]
  /** Queries of wanted views by name, as servers write them. */
  readonly views?: Readonly<Record<string, string>>
  /** What there is besides, before and after. */
  readonly unmanaged?: readonly Unmanaged[]
}

/** What `rule` alone says. */
export function messages(
  rule: string,
  { to, from, options = UTF8, fromOptions, sources, views = {}, unmanaged = [] }: Case,
) {
  const others = {
    views: Object.entries(views).map(([name, query]) =>
      parseView(`CREATE VIEW \`${name}\` AS ${query}`),
    ),
    unmanaged,
  }

  const levels = Object.fromEntries(
    RULES.map(({ id }) => [id, id === rule ? 'error' : 'off'] as const),
  )
  const { findings } = lint({
    wanted: schema(to, options, others),
    from: from ? schema(from, fromOptions ?? UTF8, { views: [], unmanaged }) : null,
    sources: sources ?? [],
    levels,
  })
  return findings.map(({ message }) => message)
}

/** A foreign key, by default to the `id` of `parent`. */
export const fk = (column: string, parent: string, parentColumn = 'id', name = `${column}_fk`) =>
  `CONSTRAINT \`${name}\` FOREIGN KEY (\`${column}\`) REFERENCES \`${parent}\` (\`${parentColumn}\`)`

export const many = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at))

/** For each rule what it points out, with a part of what it says, and what it must leave alone. */
export type Cases = Readonly<
  Record<
    string,
    { readonly hits: readonly (readonly [Case, string])[]; readonly misses: readonly Case[] }
  >
>
