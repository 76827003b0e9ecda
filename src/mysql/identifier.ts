import { createHash } from 'node:crypto'

/** The server's limit for names. https://dev.mysql.com/doc/refman/9.7/en/identifier-length.html */
const MAX_CHARACTERS = 64
/**
 * For a table of ours: MySQL makes up names of constraints from the table's, up to `_ibfk_999`, also in a RENAME, and fails
 * with 1059 where they become too long.
 */
const MAX_TABLE_CHARACTERS = MAX_CHARACTERS - '_ibfk_999'.length
const TAG_CHARACTERS = 6

/** Where the engine keeps its checkpoints, on the target server itself. */
export const ENGINE_SCHEMA = '_crossfade'

const TAG = `[0-9a-z]{${TAG_CHARACTERS}}`

/** Tables that the engine makes beside the application's: the shadow, the old table after the cutover, and what is kept later. */
const PRODUCT_TABLE = new RegExp(`__xf_(?:(?:new|old)|drop_\\d{12})_${TAG}$`)
const QUARANTINED = new RegExp(`__xf_drop_(\\d{4})(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)_${TAG}$`)

/** True for a table that the engine made; such a table is never part of an application's schema. */
export function isProductTable(name: string): boolean {
  return PRODUCT_TABLE.test(name)
}

/** The names that one deployment uses beside a live table. */
export type TableNames = { readonly live: string; readonly shadow: string; readonly old: string }

/**
 * Names for the shadow and the old table of `live`: a suffix, so that both sort after the live name
 * (a RENAME takes its locks in name order), with a tag that no other deployment and no other table of this
 * one has. A live name that is too long is cut, and `~` put after it, which sorts after every letter, digit and sign
 * that names usually have.
 */
export function tableNames(deploymentId: string, live: string): TableNames {
  const tag = tagOf(deploymentId, live)
  const name = (role: 'new' | 'old') => suffixed(live, `__xf_${role}_${tag}`)
  return { live, shadow: name('new'), old: name('old') }
}

/** The name under which a table of `live` is kept after its deployment, with the UTC minute until which it is. */
export function quarantineName(deploymentId: string, live: string, until: Date): string {
  // A minute that has begun counts whole: the name must not say less than the record.
  const whole = new Date(Math.ceil(until.getTime() / 60_000) * 60_000)
  const minute = whole.toISOString().replace(/\D/g, '').slice(0, 12)
  return suffixed(live, `__xf_drop_${minute}_${tagOf(deploymentId, live)}`)
}

/** Until when a table with this name is kept; null when the name says nothing of it. */
export function quarantinedUntil(name: string): Date | null {
  const [, year, month, day, hour, minute] = QUARANTINED.exec(name) ?? []
  if (!minute) return null
  const until = new Date(`${year}-${month}-${day}T${hour}:${minute}:00Z`)
  return Number.isNaN(until.getTime()) ? null : until
}

function suffixed(live: string, suffix: string): string {
  const characters = [...live]
  const room = MAX_TABLE_CHARACTERS - suffix.length
  if (characters.length <= room) return `${live}${suffix}`
  return `${characters.slice(0, room - 1).join('')}~${suffix}`
}

function tagOf(deploymentId: string, live: string): string {
  return hashOf(`${deploymentId}\0${live}`)
}

function hashOf(text: string): string {
  return createHash('sha256')
    .update(text)
    .digest()
    .readBigUInt64BE()
    .toString(36)
    .padStart(TAG_CHARACTERS, '0')
    .slice(-TAG_CHARACTERS)
}

/**
 * The name that a CHECK or FOREIGN KEY constraint of `live` has on a copy named `copy`: such names are unique
 * in a schema, so the copy cannot have the same. A name the server made up (`orders_chk_1`) follows the
 * table's, because a RENAME renames it again; a name that a person gave gets the copy's tag, in place of the
 * tag of an earlier deployment.
 */
export function constraintName(name: string, live: string, copy: string): string {
  const generated = /_(?:chk|ibfk)_\d+$/.exec(name)
  if (generated && name === `${live}${generated[0]}`) return `${copy}${generated[0]}`
  const tag = copy.slice(-TAG_CHARACTERS)
  return `${plainConstraintName(name)}_xf_${tag}`
}

const MAX_PLAIN_CHARACTERS = MAX_CHARACTERS - '_xf_'.length - TAG_CHARACTERS

/**
 * The name that a person gave a constraint, without the tag that a deployment had to put after it. One that leaves no
 * room for a tag is cut, and a hash of it put in place of its end: so it is the same before and after a deployment.
 */
export function plainConstraintName(name: string): string {
  const plain = [...name.replace(new RegExp(`_xf_${TAG}$`), '')]
  if (plain.length <= MAX_PLAIN_CHARACTERS) return plain.join('')
  const kept = plain.slice(0, MAX_PLAIN_CHARACTERS - 1 - TAG_CHARACTERS).join('')
  return `${kept}_${hashOf(plain.join(''))}`
}
