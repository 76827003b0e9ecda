import type { Table } from '../../schema/table.ts'
import { named, type Rule } from '../rule.ts'

export const nameLength: Rule = {
  id: 'name-length',
  level: 'warning',
  about: 'table',
  summary: 'The name of a foreign key or CHECK is too long to survive a deployment.',
  why: 'Names end after 64 characters. A table that is changed lives beside its copy for a while, and their foreign keys and CHECKs need different names, so Crossfade puts 10 characters after them. A name of more than 54 characters is cut for that: it will then be another one than in your files.',
  fix: 'Give it a name of at most 54 characters.',
  *check(table) {
    for (const { name, serverName } of [...table.foreignKeys, ...table.checks]) {
      // One that is cut has a hash in place of its end.
      if (serverName.startsWith(name) || isGenerated(serverName, table)) continue
      const { length } = [...serverName]
      yield {
        key: serverName,
        message: `The name ${named(serverName)} in ${named(table.name)} has ${length} characters, ${length - MOST} more than a deployment can keep.`,
      }
    }
  },
}

const MOST = 54

/** Names that the server makes up follow the name of the table. */
function isGenerated(name: string, table: Table): boolean {
  return name.startsWith(table.name) && /^_(?:chk|ibfk)_\d+$/.test(name.slice(table.name.length))
}
