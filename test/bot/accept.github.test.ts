import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { CanonicalSchema } from '../../src/deploy/submission.ts'
import { type StartWorld, test, type World } from '../support/running-bot.ts'

describe('an error of lint', () => {
  test('LINT-1: keeps the plan from being deployed, by command and by merge, and makes the check red', async ({
    start,
  }) => {
    const { world, pull } = await withError(start, '{ deploy: on-merge }')

    await world.github.as('writer').comment(pull.number, '/deploy')

    await world.commented(pull.number, /👎[\s\S]*LINT_ERROR[\s\S]*\/accept float/)
    await world.commented(pull.number, /Lint found an error[\s\S]*❌ `float`[\s\S]*```mermaid/)
    await world.checked(pull.headSha, 'schema failure: Lint: float')
    await world.github.as('writer').merge(pull.number)
    await world.commented(pull.number, /\*\*Refused\*\*[\s\S]*LINT_ERROR/)
    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
  })

  test('that somebody accepts with a reason no longer does, and everybody can read who did', async ({
    start,
  }) => {
    const { world, pull } = await withError(start)
    const writer = world.github.as('writer')

    const accepted = await writer.comment(pull.number, '/accept float it is <b>a</b> weight')
    await world.reacted(accepted, 'eyes', 'rocket', 'hooray')
    await world.commented(pull.number, /Ready to deploy[\s\S]*`float` by `writer`, for this plan/)
    await world.checked(pull.headSha, 'schema queued: Ready')
    await writer.comment(pull.number, '/stage')

    await world.reached(pull.number, 'pending_cutover')
    const audit = await world.audit(pull.number)
    expect(audit.find(({ action }) => action === 'accepted')).toMatchObject({
      by: { actor: 'writer', via: 'comment' },
      digest: audit.at(-1)?.digest,
      detail: { rule: 'float', reason: 'it is <b>a</b> weight' },
    })
  })

  test('LINT-2: that was accepted is in the way again when the plan is another one', async ({
    start,
  }) => {
    const { world, pull } = await withError(start)
    const writer = world.github.as('writer')
    await world.reacted(
      await writer.comment(pull.number, '/accept float weight'),
      ...['eyes', 'rocket', 'hooray'],
    )
    const session = await world.mysql.session()
    await session.run(sql`ALTER TABLE orders ADD COLUMN other INT`)
    await world.reacted(await writer.comment(pull.number, '/plan'), ...['eyes', 'rocket', 'hooray'])

    await writer.comment(pull.number, '/stage')

    await world.commented(pull.number, /👎[\s\S]*LINT_ERROR/)
    await world.checked(pull.headSha, 'schema failure: Lint: float')
  })

  test('COMMAND-1: is accepted only by somebody who may deploy', async ({ start }) => {
    const { world, pull } = await withError(start, '{ deployers: [admin] }')

    await world.github.as('reader').comment(pull.number, '/accept float weight')
    await world.commented(pull.number, /PERMISSION_DENIED[\s\S]*reader has read/)
    await world.github.as('writer').comment(pull.number, '/accept float weight')
    await world.commented(pull.number, /PERMISSION_DENIED[\s\S]*deployers/)

    await world.checked(pull.headSha, 'schema failure: Lint: float')
  })

  test('is accepted by the name of its rule, for the plan that was seen', async ({ start }) => {
    const { world, pull } = await withError(start)
    const writer = world.github.as('writer')

    await writer.comment(pull.number, '/accept drop-table never used')
    await world.commented(pull.number, /NOT_FOUND[\s\S]*`float`/)
    await writer.commit('change', { 'schema/shop/items.sql': '-- new\n' })
    await writer.comment(pull.number, '/accept float weight')

    await world.commented(pull.number, /PLAN_CHANGED/)
  })

  test('that a comment in the schema file accepts is in nobody’s way', async ({ start }) => {
    const world = await start({ lint: '{ float: error }' })
    const pull = await world.openPullRequest()
    const suppressions = [{ table: 'orders', rule: 'float', reason: 'a weight' }]

    await world.submit(pull.number, withFloat, { suppressions })

    await world.commented(pull.number, /`float` of `orders` is an error .* accepts: a weight/)
    await world.github.as('writer').comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
  })

  test('that production has had already is in nobody’s way', async ({ start }) => {
    const world = await start({ lint: '{ float: error }' })
    const session = await world.mysql.session()
    await session.run(sql`ALTER TABLE orders ADD COLUMN weight FLOAT`)
    const pull = await world.openPullRequest()

    await world.submit(pull.number, ({ orders = '' }) => ({
      orders: orders.replace('  PRIMARY KEY', '  `note` text,\n  PRIMARY KEY'),
    }))

    await world.commented(pull.number, /Ready to deploy/)
    await world.checked(pull.headSha, 'schema queued: Ready')
  })
})

/** A pull request whose plan has an error of lint. */
async function withError(start: StartWorld, branch = '{}') {
  const world: World = await start({ branch, lint: '{ float: error }' })
  const pull = await world.openPullRequest()
  await world.submit(pull.number, withFloat)
  return { world, pull }
}

function withFloat({ orders = '', ...others }: CanonicalSchema): CanonicalSchema {
  return {
    ...others,
    orders: orders.replace('  PRIMARY KEY', '  `weight` float DEFAULT NULL,\n  PRIMARY KEY'),
  }
}
