import { columnCollation, tableCollation } from '../collation.ts'
import { named, type Rule } from '../rule.ts'

export const invalidCharset: Rule = {
  id: 'invalid-charset',
  level: 'warning',
  about: 'table',
  summary: 'A text is stored in a character set other than utf8mb4.',
  why: 'Older character sets cannot hold every character: a name in another script or an emoji is refused when somebody enters it. Texts in different character sets are also converted whenever they are compared, which can keep the server from using an index.',
  fix: 'Use `CHARACTER SET utf8mb4`. For codes and hashes `ascii` is fine, and for bytes `binary`.',
  *check(table) {
    const ofTable = tableCollation(table)
    if (ofTable && !FINE.has(ofTable.charset)) {
      yield {
        message: `The table ${named(table.name)} gives its texts the character set ${ofTable.charset}, which cannot hold every character.`,
      }
    }
    for (const column of table.columns) {
      const own = columnCollation(column, table)
      if (!own || FINE.has(own.charset) || own.charset === ofTable?.charset) continue
      yield {
        column: column.name,
        message: `The column ${named(table.name, column.name)} has the character set ${own.charset}, which cannot hold every character.`,
      }
    }
  },
}

const FINE: ReadonlySet<string> = new Set(['utf8mb4', 'ascii', 'binary'])
