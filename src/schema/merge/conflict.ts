import type { Schema } from '../table.ts'
import type { Touch } from './touch.ts'

/** Why two changes do not go together. */
export type ConflictReason =
  /** Both touched the same part, each in its own way. */
  | 'same'
  /** One needs what the other dropped. */
  | 'gone'
  /** One uses what the other made something else, and only a server can tell whether that still works. */
  | 'changed'
  /** One changes the default character set, which the other's column would take over. */
  | 'collation'
  /** The columns would stand in another order, whoever goes first. */
  | 'order'
  /** A foreign key and the columns it points at would be of different types. */
  | 'types'
  /** No index would be left that a foreign key or an AUTO_INCREMENT column needs. */
  | 'index'
  /** Both add an AUTO_INCREMENT column, or columns whose index would be too long: a limit of the server. */
  | 'limit'
  /** Partitions and what does not go with them: foreign keys, full-text indexes, unique keys without their columns. */
  | 'partitions'
  /** Ours renames a column that theirs did something to, by its old name or the new one. */
  | 'renamed'
  /** Two things would have one name. */
  | 'name'

/** Two changes that cannot both be made, or not in either order with the same result. */
export type Conflict = {
  readonly reason: ConflictReason
  readonly theirs: Touch
  readonly ours: Touch
}

/** A schema as it was when a change began, as the others have it now, and as the change wants it. */
export type SchemaSides = Readonly<Record<'base' | 'theirs' | 'ours', Schema>>
