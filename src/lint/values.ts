import { printable } from '../schema/place.ts'

const LONGEST = 40

/** A value of an ENUM or SET as messages show it. */
export function shownValue(value: string): string {
  const characters = [...value]
  const text = characters.length > LONGEST ? `${characters.slice(0, LONGEST).join('')}…` : value
  return `'${printable(text).replaceAll('`', "'")}'`
}
