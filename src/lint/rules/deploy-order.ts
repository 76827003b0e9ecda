import type { TableChange } from '../../schema/diff/diff.ts'
import { clausesOf } from '../clauses.ts'
import { named, type Rule } from '../rule.ts'

export const deployOrder: Rule = {
  id: 'deploy-order',
  level: 'info',
  about: 'change',
  summary: 'The change and the code that goes with it have an order.',
  why: 'Schema and code never change at the same moment. What is added must be there before code uses it, and what is dropped must be unused before it goes. In the wrong order statements fail until the other half has arrived.',
  fix: 'Additions: first the schema, then the code. Drops: first the code, then the schema. Where one change does both, make two deploy requests of it.',
  *check(change) {
    const { table, adds, drops } = read(change)
    if (!adds && !drops) return
    yield { message: `${named(table)}: ${adviceOn(adds, drops)}` }
  },
}

function adviceOn(adds: boolean, drops: boolean): string {
  if (adds && drops) {
    return 'deploy the schema before the code that uses what is new, but after the last code that uses what is dropped; that is easier as two deploy requests.'
  }
  return adds
    ? 'deploy the schema first, then the code that uses what is new.'
    : 'deploy code that no longer uses what is dropped first, then the schema.'
}

function read(change: TableChange) {
  switch (change.kind) {
    case 'create':
      return { table: change.to.name, adds: true, drops: false }
    case 'drop':
      return { table: change.from.name, adds: false, drops: true }
    default:
      return {
        table: change.to.name,
        adds: clausesOf(change, 'add_column').length > 0,
        drops: clausesOf(change, 'drop_column').length > 0,
      }
  }
}
