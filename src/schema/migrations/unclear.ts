import { Refusal } from '../../errors.ts'
import { printable } from '../place.ts'

/** A refusal of a migrations folder whose order, or whose tool, cannot be known. */
export function unclear(message: string, next: string): Refusal {
  return new Refusal('MIGRATIONS_UNCLEAR', printable(message), { next })
}
