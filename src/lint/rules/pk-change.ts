import { primaryKeyOf, type Table } from '../../schema/table.ts'
import { partTexts } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const pkChange: Rule = {
  id: 'pk-change',
  level: 'warning',
  about: 'change',
  summary: 'The primary key of a table changes.',
  why: 'Rows are stored in the order of the primary key and every other index holds it, so the whole table is written anew and may be found faster or slower than before. Code, other systems and replicas that find rows by the old key must know the new one.',
  fix: 'Make sure that nobody relies on the old key; keep it as a unique index if you can.',
  *check(change) {
    if (change.kind !== 'alter') return
    const [before, after] = [keyText(change.from), keyText(change.to)]
    if (before === null || before === after) return
    yield {
      key: 'PRIMARY',
      message:
        after === null
          ? `The table ${named(change.to.name)} loses its primary key.`
          : `The primary key of ${named(change.to.name)} changes.`,
    }
  },
}

function keyText(table: Table): string | null {
  const key = primaryKeyOf(table)
  return key && partTexts(key).join()
}
