import { blank } from '../migrations/migration-file.ts'
import { tokenize } from '../tokens.ts'

const HEADERS = [
  /^-- (?:MySQL|MariaDB) dump \d/m,
  /^-- (?:phpMyAdmin|Adminer|Host:|Dump created|Server version)/m,
  // MySQL Workbench, and the sample schemas of MySQL
  /^SET @OLD_UNIQUE_CHECKS\s*=\s*@@UNIQUE_CHECKS\b/im,
  /\/\*!40\d{3} SET @OLD_CHARACTER_SET_CLIENT\s*=/,
  /\/\*M!999999\\- enable the sandbox mode \*\//,
]

/** Whether a file is what mysqldump or a program like it wrote, rather than a person. */
export function isDump(text: string): boolean {
  return HEADERS.some((header) => header.test(text))
}

/** The first line of a dump of MariaDB is an order to its client. */
const SANDBOX = /\/\*M!999999\\- enable the sandbox mode \*\//g

/**
 * A dump with its executable comments as plain SQL in the same places. What comes of it has to be checked like any other text,
 * and is what runs: nothing depends on which of the comments a server would run.
 */
export function unwrapDump(text: string, file: string): string {
  const plain = text.replace(SANDBOX, blank)
  let unwrapped = ''
  let at = 0
  for (const { kind, start, end, text: comment } of tokenize(plain, file)) {
    if (kind !== 'executable_comment') continue
    const mark = /^\/\*M?!\d{0,6}/i.exec(comment)?.[0].length ?? 0
    const body = plain.slice(start + mark, end - 2)
    unwrapped += `${plain.slice(at, start)}${' '.repeat(mark)}${body}  `
    at = end
  }
  return unwrapped + plain.slice(at)
}
