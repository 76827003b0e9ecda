import { Refusal } from '../../errors.ts'
import { printable } from '../place.ts'
import type { Schema, Table } from '../table.ts'

/** More than these no InnoDB table has on any server; foreign keys and checks have no limit, but nobody has so many. */
const MOST = { columns: 1017, keys: 129, foreignKeys: 1000, checks: 2000 } as const

const WORDS = {
  columns: 'columns',
  keys: 'indexes',
  foreignKeys: 'foreign keys',
  checks: 'CHECK constraints',
} as const satisfies Record<keyof typeof MOST, string>

/**
 * A definition that says it came from a server can be made up, to keep whoever compares it busy.
 *
 * @throws {Refusal} PAYLOAD_TOO_LARGE naming the table that no server could have.
 */
export function requirePossible({ tables }: Schema): void {
  for (const table of tables.values()) {
    for (const [what, most] of Object.entries(MOST)) requireAtMost(table, what, most)
  }
}

function requireAtMost(table: Table, what: string, most: number): void {
  // Sound: called with the keys of MOST alone.
  const kind = what as keyof typeof MOST
  const { length } = table[kind]
  if (length <= most) return
  throw new Refusal(
    'PAYLOAD_TOO_LARGE',
    `The table ${printable(table.name)} has ${length} ${WORDS[kind]}; the limit is ${most}.`,
    { next: 'Split it into several tables.' },
  )
}
