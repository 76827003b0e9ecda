import { describe, expect, test } from 'vitest'
import { conflictFailure, type Origin } from '../../src/deploy/conflict.ts'
import type { ConflictReason } from '../../src/schema/merge/conflict.ts'
import { mergeSchemas } from '../../src/schema/merge/merge.ts'
import type { Touch } from '../../src/schema/merge/touch.ts'
import { schema, type Tables, t } from '../schema/a-schema.ts'

const AHEAD: Origin = { kind: 'ahead', number: 2, pullRequest: 7 }
const FK = 'CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`)'
const P: Tables = { p: ['id int NOT NULL', 'PRIMARY KEY (`id`)'] }

function messages(base: Tables, theirs: Tables, ours: Tables, origin = AHEAD): string[] {
  const merged = mergeSchemas(schema(base), schema(theirs), schema(ours))
  const conflicts = merged.kind === 'conflict' ? merged.conflicts : []
  return conflicts.map((conflict) => conflictFailure(conflict, origin).message)
}

describe('conflictFailure', () => {
  test('says what both sides did, and why that does not go together', () => {
    const noA = { t: ['id int NOT NULL', 'b int DEFAULT NULL', 'PRIMARY KEY (`id`)'] }
    const view = (x: string) => ({ v: `CREATE VIEW \`v\` AS select ${x} AS \`x\`` })

    expect([
      ...messages(t(), t('c int'), t("c varchar(9) DEFAULT 'x'")),
      ...messages(t(), noA, t('KEY `k` (`a`)')),
      ...messages({ ...t(), ...P }, t(), { ...t('KEY `f` (`a`)', FK), ...P }),
      ...messages(
        { ...t(), ...P },
        { ...t(), p: ['id int NOT NULL'] },
        { ...t('KEY `f` (`a`)', FK), ...P },
      ),
      ...messages(t(), {}, t('c int', 'KEY `k` (`a`)')),
      ...messages({}, t('c int'), t('d int')),
      ...messages(view('1'), view('2'), view('3')),
    ]).toMatchInlineSnapshot(`
      [
        "Table \`t\`, column \`c\`: this pull request adds it as “varchar(9) DEFAULT 'x'”; deploy request 2 (pull request 7), which is ahead of it in the queue, adds it as “int”. Both touch the same thing, and want it to be different.",
        "Table \`t\`, index \`k\`: this pull request adds it as “KEY k (a)”; deploy request 2 (pull request 7), which is ahead of it in the queue, drops the column \`a\`. One needs what the other drops.",
        "Table \`t\`, foreign key \`f\`: this pull request adds it as “CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)”; deploy request 2 (pull request 7), which is ahead of it in the queue, drops the table \`p\`. One needs what the other drops.",
        "Table \`t\`, foreign key \`f\`: this pull request adds it as “CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)”; deploy request 2 (pull request 7), which is ahead of it in the queue, drops the primary key of the table \`p\`. Foreign keys and AUTO_INCREMENT columns need an index that begins with their columns, and none would be left.",
        "Table \`t\`: this pull request changes it (column \`c\`, index \`k\`); deploy request 2 (pull request 7), which is ahead of it in the queue, drops it. Both touch the same thing, and want it to be different.",
        "Table \`t\`: this pull request adds it (they differ in column \`c\`, column \`d\`); deploy request 2 (pull request 7), which is ahead of it in the queue, adds it. Both touch the same thing, and want it to be different.",
        "View \`v\`: this pull request changes it; deploy request 2 (pull request 7), which is ahead of it in the queue, changes it. Both touch the same thing, and want it to be different.",
      ]
    `)
  })

  test('says who the other one is, and what to do', () => {
    const origins: Origin[] = [
      AHEAD,
      { kind: 'deployed', number: 2, pullRequest: 7 },
      { kind: 'direct' },
    ]
    const texts = origins.map((origin) => failure('same', touch('column'), origin))

    expect(texts.map(({ message, next }) => `${message}\n→ ${next}`)).toMatchInlineSnapshot(`
      [
        "Table \`t\`, column \`c\`: this pull request adds it as “int”; deploy request 2 (pull request 7), which is ahead of it in the queue, adds it as “date”. Both touch the same thing, and want it to be different.
      → Agree with the author of pull request 7. If theirs is to stay, write it into your schema files as they did and push; what you want to change about it can follow once it is live and merged. If yours is, they comment \`/cancel\` there, and then you \`/plan\` here.",
        "Table \`t\`, column \`c\`: this pull request adds it as “int”; deploy request 2 (pull request 7), which is live already, adds it as “date”. Both touch the same thing, and want it to be different.
      → Wait until pull request 7 is merged, merge the base branch into yours, change your schema files so that they hold what both want, and push.",
        "Table \`t\`, column \`c\`: this pull request adds it as “int”; somebody who changed production directly, with no deploy request, adds it as “date”. Both touch the same thing, and want it to be different.
      → Ask who changed production. If that is to stay, write it into the schema files of the base branch, merge that into yours and push. If not, undo it in production and comment \`/plan\`.",
      ]
    `)
  })

  test('knows that two things without a name are called alike by the server', () => {
    expect(failure('same', touch('index'), AHEAD).next).toMatch(/^Give yours another name/)
    expect(failure('same', touch('column'), AHEAD).next).not.toMatch(/another name/)
  })

  test('is a sentence for every reason, however long a definition is', () => {
    const reasons: ConflictReason[] = [
      ...(['same', 'gone', 'changed', 'collation', 'order', 'types', 'index', 'limit'] as const),
      ...(['partitions', 'renamed', 'name'] as const),
    ]
    for (const reason of reasons) {
      const long = touch('column', `\`c\` enum('${'x'.repeat(9_000)}')`)
      const { message } = failure(reason, long, AHEAD)

      expect(message).toMatch(
        /^Table `t`, column `c`: this pull request adds it as “enum\('x+….*\.$/,
      )
      expect(message.length).toBeLessThan(800)
    }
  })

  test('keeps what strangers call their tables between backticks', () => {
    const name = 'x` <b>@all</b>\n# y'
    const hostile: Touch = {
      part: { table: name, kind: 'column', name },
      did: 'adds',
      text: `\`x\` int COMMENT '\`'`,
    }

    const { message } = conflictFailure({ reason: 'same', theirs: hostile, ours: hostile }, AHEAD)

    expect(message.split('`').length % 2).toBe(1)
  })
})

function touch(kind: Touch['part']['kind'], text = '`c` int'): Touch {
  return { part: { table: 't', kind, name: 'c' }, did: 'adds', text }
}

function failure(reason: ConflictReason, ours: Touch, origin: Origin) {
  return conflictFailure({ reason, theirs: touch(ours.part.kind, '`c` date'), ours }, origin)
}
