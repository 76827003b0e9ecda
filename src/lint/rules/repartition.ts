import { clausesOf } from '../clauses.ts'
import { named, type Rule } from '../rule.ts'

export const repartition: Rule = {
  id: 'repartition',
  level: 'info',
  about: 'change',
  summary: 'The partitions of a table change.',
  why: 'The whole table is written anew, also where only one partition comes or goes. A row that no partition takes stops the deployment; rows of a partition that you leave out are not deleted by that.',
  fix: 'Delete rows that you no longer want beforehand. For partitions by time that come and go all the time, use `ALTER TABLE … ADD PARTITION` and `DROP PARTITION` outside of deploy requests.',
  *check(change) {
    if (change.kind !== 'alter') return
    if (clausesOf(change, 'set_partitions', 'remove_partitions').length === 0) return
    yield {
      message: `The partitions of ${named(change.to.name)} change, so all its rows are written anew.`,
    }
  },
}
