import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, inject } from 'vitest'
import { planOf } from '../../src/deploy/deployment.ts'
import { openStore } from '../../src/store/open.ts'
import { findPlan } from '../../src/store/plans.ts'
import { prepareBot } from '../demo/bot-process.ts'
import { untilComment, untilState } from '../demo/watch.ts'
import { startGitHub } from '../support/github/github.ts'
import { test } from '../support/mysql.ts'
import { runAction } from '../support/run-action.ts'

const FOLDER = 'db/migrations'
const WITHIN = { withinMs: 30_000 }

/** What golang-migrate had run in production, and how the repository says so. */
const FILES = {
  '.github/crossfade.yml': `version: 1\ndatabases:\n  shop:\n    migrations: ${FOLDER}\n`,
  [`${FOLDER}/1_orders.up.sql`]:
    'CREATE TABLE orders (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, total INT NOT NULL);\n',
  [`${FOLDER}/1_orders.down.sql`]: 'DROP TABLE orders;\n',
}

describe('a pull request that adds a migration', () => {
  test('is planned as one ALTER, and deployed by a command', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'crossfade-migrations-'))
    stack.defer(() => rm(folder, { recursive: true }))
    const session = await mysql.session()
    await session.run(sql.raw(FILES[`${FOLDER}/1_orders.up.sql`] ?? ''))
    await session.run(sql`INSERT INTO orders (total) VALUES (1), (2), (3)`)
    const storeSchema = `${mysql.schema}_store`.slice(-64)
    await session.run(sql`CREATE DATABASE ${sql.id(storeSchema)}`)
    stack.defer(async () => {
      await session.run(sql`DROP DATABASE ${sql.id(storeSchema)}`)
    })
    const github = stack.use(await startGitHub({ files: FILES }))
    const storeUrl = `${inject('serverUrl')}${storeSchema}`
    const bot = stack.use(await prepareBot({ github, storeUrl, productionUrl: mysql.url, folder }))
    await bot.start(() => undefined)
    const store = await openStore(storeUrl)
    stack.defer(() => store.destroy())
    const writer = github.as('writer')
    await writer.commit('note', {
      [`${FOLDER}/2_note.up.sql`]: `ALTER TABLE orders ADD COLUMN note VARCHAR(100);
        UPDATE orders SET note = 'old';
        CREATE INDEX by_total ON orders (total);\n`,
      [`${FOLDER}/2_note.down.sql`]: 'ALTER TABLE orders DROP COLUMN note, DROP INDEX by_total;\n',
    })
    const pull = (await writer.openPullRequest('note')).number
    const place = { store, github, pull }

    const step = await runAction(github, pull, {
      inputs: { 'bot-url': bot.url, 'scratch-url': inject('serverUrl') },
    })
    expect(step).toMatchObject({ exitCode: 0, outputs: { changed: 'true', state: 'ready' } })
    const planned = await untilState(place, 'ready', WITHIN)
    const comment = await untilComment(place, 'Ready to deploy', WITHIN)
    await writer.comment(pull, '/deploy')
    await untilState(place, 'complete_pending_revert', WITHIN)

    const digest = planOf(planned.deployment)
    expect((digest && (await findPlan(store, digest)))?.operations).toMatchObject([
      {
        kind: 'alter',
        table: 'orders',
        how: 'shadow',
        statement:
          'ALTER TABLE `orders`\n  ADD COLUMN `note` varchar(100) DEFAULT NULL,\n  ADD KEY `by_total` (`total`)',
      },
    ])
    expect(comment).toContain('ADD COLUMN `note` varchar(100) DEFAULT NULL')
    // Crossfade changes the schema; rows that a migration writes are left to the tool that runs it.
    expect(await session.rows(sql`SELECT total, note FROM orders ORDER BY id`)).toEqual(
      [1, 2, 3].map((total) => ({ total, note: null })),
    )
  }, 60_000)
})
