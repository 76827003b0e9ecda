import { lint } from '../../src/lint/lint.ts'
import { RULES } from '../../src/lint/rules.ts'
import type { CreateTable } from '../../src/schema/allow-list.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'
import type { Schema } from '../../src/schema/table.ts'

export const UTF8 = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci'
const ID = '`id` bigint unsigned NOT NULL'
const PK = 'PRIMARY KEY (`id`)'

/** `t: a, b` is the table `t` with these lines; one without primary key in its lines gets an `id`. */
type Tables = Readonly<Record<string, readonly string[]>>

function schema(tables: Tables, options: string): Schema {
  return schemaOf(
    Object.entries(tables).map(([name, items]) => {
      const isBare = items.some((item) => item.startsWith('!'))
      const lines = isBare ? items.map((item) => item.replace(/^!/, '')) : [ID, ...items, PK]
      const ordered = lines.toSorted((a, b) => Number(a[0] !== '`') - Number(b[0] !== '`'))
      return parseTable(`CREATE TABLE \`${name}\` (\n${ordered.join(',\n')}\n) ${options}`)
    }),
  )
}

export type Case = {
  readonly to: Tables
  readonly from?: Tables
  /** Of the wanted tables. */
  readonly options?: string
  readonly fromOptions?: string
  readonly sources?: readonly CreateTable[]
}

/** What `rule` alone says. */
export function messages(rule: string, { to, from, options = UTF8, fromOptions, sources }: Case) {
  const levels = Object.fromEntries(
    RULES.map(({ id }) => [id, id === rule ? 'error' : 'off'] as const),
  )
  const { findings } = lint({
    wanted: schema(to, options),
    from: from ? schema(from, fromOptions ?? UTF8) : null,
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
