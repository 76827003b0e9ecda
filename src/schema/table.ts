import type { View } from './view/view.ts'

/** The tables and views of a schema by name, which they share. Made by `schemaOf` in `parse.ts`. */
export type Schema = {
  readonly tables: ReadonlyMap<string, Table>
  readonly views: ReadonlyMap<string, View>
  /** What is told and never deployed. */
  readonly unmanaged: readonly Unmanaged[]
}

/** Something that belongs to a schema and that nobody deploys here: it stays as it is. */
export type Unmanaged = {
  /** A view is unmanaged when it reads another schema. */
  readonly kind: 'trigger' | 'procedure' | 'function' | 'event' | 'sequence' | 'view'
  readonly name: string
  /** The table of a trigger, null for everything else. */
  readonly table: string | null
}

/**
 * A table as its server describes it. Made by `parse.ts` only, so that `sql` and the parts always agree.
 * Texts are the server's own spelling: compare tables that were read from servers of one family.
 */
export type Table = {
  readonly name: string
  readonly columns: readonly Column[]
  /** Primary key first, then by kind and name: the order in which keys were added means nothing. */
  readonly keys: readonly Key[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly checks: readonly Check[]
  /** MariaDB's `PERIOD FOR`. */
  readonly periods: readonly Period[]
  /** Without AUTO_INCREMENT=n, which counts rows and is no part of a schema. */
  readonly options: readonly TableOption[]
  /** From `PARTITION BY` on. */
  readonly partition: string | null
  /** The canonical `CREATE TABLE`: equal for equal tables, whatever their history. */
  readonly sql: string
}

export type Column = {
  readonly name: string
  /** Everything after the name. */
  readonly definition: string
  /** `bigint unsigned`, `varchar(20)`, `enum('a','b')`. */
  readonly type: string
  readonly nullable: boolean
  readonly generated: 'stored' | 'virtual' | null
  readonly autoIncrement: boolean
  /** A text that takes character set and collation from the table; `definition` names neither then. */
  readonly inheritsCollation: boolean
}

export type KeyKind = 'primary' | 'unique' | 'plain' | 'fulltext' | 'spatial' | 'vector'

export type Key = {
  /** `PRIMARY` for the primary key. */
  readonly name: string
  readonly kind: KeyKind
  readonly parts: readonly KeyPart[]
  /** The optimizer does not see it: MySQL's INVISIBLE, MariaDB's IGNORED. */
  readonly hidden: 'INVISIBLE' | 'IGNORED' | null
  readonly definition: string
}

export type KeyPart =
  | {
      readonly kind: 'column'
      readonly column: string
      /** The length of a prefix, null for the whole column. */
      readonly length: number | null
      readonly descending: boolean
    }
  | { readonly kind: 'expression'; readonly expression: string }

export type ForeignKey = {
  readonly name: string
  /** As the server has it: a deployment leaves a tag after the name, which is no part of the schema. */
  readonly serverName: string
  readonly columns: readonly string[]
  /** As it is written: a schema is named only when it is another one. */
  readonly parentSchema: string | null
  readonly parent: string
  readonly parentColumns: readonly string[]
  /** The whole definition with its actions, from `CONSTRAINT` on. */
  readonly definition: string
}

export type Check = {
  readonly name: string
  /** As of a foreign key. */
  readonly serverName: string
  /** From `CONSTRAINT` on. */
  readonly definition: string
}

/** `name` is empty for SYSTEM_TIME. */
export type Period = { readonly name: string; readonly definition: string }

export type TableOption = {
  /** `ENGINE`, `COLLATE`, `` `page_compressed` ``: as written, in upper case unless quoted. */
  readonly name: string
  /** Without quotes. */
  readonly value: string
  readonly definition: string
}

/** A name in backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** The primary key, or null. */
export function primaryKeyOf(table: Table): Key | null {
  return table.keys.find(({ kind }) => kind === 'primary') ?? null
}
