import type { Check, Column, ForeignKey, Key, Period, TableOption } from '../table.ts'

/** Where a column goes; `default` is where it is, and for a new one the end. */
export type ColumnPosition =
  | { readonly kind: 'default' }
  | { readonly kind: 'first' }
  | { readonly kind: 'after'; readonly column: string }

/** One part of an `ALTER TABLE`. */
export type Clause =
  | { readonly kind: 'drop_column'; readonly column: Column }
  | {
      readonly kind: 'add_column'
      readonly column: Column
      readonly position: ColumnPosition
    }
  /** The names differ when the column is renamed. */
  | {
      readonly kind: 'modify_column'
      readonly from: Column
      readonly to: Column
      readonly position: ColumnPosition
    }
  | { readonly kind: 'drop_key' | 'add_key'; readonly key: Key }
  /** Only the name changes. */
  | { readonly kind: 'rename_key'; readonly from: Key; readonly key: Key }
  /** Only who may see the key changes; `word` is the server's for hiding it. */
  | {
      readonly kind: 'hide_key' | 'show_key'
      readonly key: Key
      readonly word: NonNullable<Key['hidden']>
    }
  | {
      readonly kind: 'drop_foreign_key' | 'add_foreign_key'
      readonly foreignKey: ForeignKey
    }
  | { readonly kind: 'drop_check'; readonly check: Check; readonly word: 'CHECK' | 'CONSTRAINT' }
  | { readonly kind: 'add_check'; readonly check: Check }
  | { readonly kind: 'drop_period' | 'add_period'; readonly period: Period }
  /** The option goes back to its default. */
  | { readonly kind: 'reset_option'; readonly option: TableOption }
  | { readonly kind: 'set_option'; readonly option: TableOption }
  | { readonly kind: 'remove_partitions' }
  | { readonly kind: 'set_partitions'; readonly partition: string }
  /** Some partitions come or change and the others stay; it stands alone in its ALTER. */
  | { readonly kind: 'change_partitions'; readonly text: string }
