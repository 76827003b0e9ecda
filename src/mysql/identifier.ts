import { createHash } from 'node:crypto'

/** The server's limit for table names. https://dev.mysql.com/doc/refman/9.7/en/identifier-length.html */
const MAX_CHARACTERS = 64
const TAG_CHARACTERS = 6

/** Where the engine keeps its checkpoints, on the target server itself. */
export const ENGINE_SCHEMA = '_crossfade'

/** Tables that the engine makes beside the application's: the shadow, and the old table after the cutover. */
const PRODUCT_TABLE = new RegExp(`__xf_(new|old)_[0-9a-z]{${TAG_CHARACTERS}}$`)

/** True for a table that the engine made; such a table is never part of an application's schema. */
export function isProductTable(name: string): boolean {
  return PRODUCT_TABLE.test(name)
}

/** The names that one deployment uses beside a live table. */
export type TableNames = { readonly live: string; readonly shadow: string; readonly old: string }

/**
 * Names for the shadow and the old table of `live`: a suffix, so that both sort after the live name
 * (a RENAME takes its locks in name order), with a tag that no other deployment and no other table of this
 * one has. A live name of over 49 characters is shortened: then the names still are unique but may sort before it.
 */
export function tableNames(deploymentId: string, live: string): TableNames {
  const tag = createHash('sha256')
    .update(`${deploymentId}\0${live}`)
    .digest()
    .readBigUInt64BE()
    .toString(36)
    .padStart(TAG_CHARACTERS, '0')
    .slice(-TAG_CHARACTERS)
  const name = (role: 'new' | 'old') => {
    const suffix = `__xf_${role}_${tag}`
    return `${[...live].slice(0, MAX_CHARACTERS - suffix.length).join('')}${suffix}`
  }
  return { live, shadow: name('new'), old: name('old') }
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
  const plain = name.replace(new RegExp(`_xf_[0-9a-z]{${TAG_CHARACTERS}}$`), '')
  return `${plain.slice(0, MAX_CHARACTERS - TAG_CHARACTERS - 4)}_xf_${tag}`
}
