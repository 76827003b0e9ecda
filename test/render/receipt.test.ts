import { describe, expect, test } from 'vitest'
import { renderAnswer, renderHelp, renderRefusal, renderStatus } from '../../src/render/receipt.ts'
import { aView, COPYING, PLAN } from './a-view.ts'

describe('renderRefusal', () => {
  test('says the code, what was checked and what to do next', () => {
    const refusal = {
      code: 'DEPLOY_STATE',
      message: 'The deployment is in_progress: there is nothing to cut over.',
      next: 'Wait until every table is in sync, or comment `/cancel`.',
    } as const

    expect(
      renderRefusal({
        command: '/cutover at=a1b2c3d',
        refusal,
        checked: ['`alice` may write to this repository', 'head is `a1b2c3d`'],
      }),
    ).toMatchInlineSnapshot(`
      "👎 \`/cutover at=a1b2c3d\` is **refused**

      \`DEPLOY_STATE\` The deployment is in_progress: there is nothing to cut over.
      → Wait until every table is in sync, or comment \`/cancel\`.

      Checked:

      - \`alice\` may write to this repository
      - head is \`a1b2c3d\`"
    `)
  })

  test('works without a command that could be read', () => {
    const refusal = { code: 'COMMAND_AMBIGUOUS', message: 'Two.', next: 'Give one.' } as const

    expect(renderRefusal({ command: null, refusal, checked: [] })).toMatchInlineSnapshot(`
      "👎 **Refused**

      \`COMMAND_AMBIGUOUS\` Two.
      → Give one."
    `)
  })
})

test('renderAnswer says what happens and what is next', () => {
  expect(
    renderAnswer({ command: '/stage', done: 'The deployment is queued.', next: null }),
  ).toMatchInlineSnapshot(`"\`/stage\`: The deployment is queued."`)
  expect(
    renderAnswer({
      command: '/cancel',
      done: 'The tables are being discarded.',
      next: 'Comment `/stage` to start again.',
    }),
  ).toMatchInlineSnapshot(`
    "\`/cancel\`: The tables are being discarded.

    → Comment \`/stage\` to start again."
  `)
})

describe('renderStatus', () => {
  test('says where each deploy request is', () => {
    const view = aView({ state: 'in_progress', plan: PLAN.digest }, { progress: COPYING })

    expect(renderStatus([view, aView({ state: 'no_changes' })])).toMatchInlineSnapshot(`
      "**🔄 Copying and keeping in sync** · \`shop\` → \`production\` · deploy request 3

      🟦🟦🟦🟦🟦🟦⬜⬜⬜⬜ 60 % · 251M of 412M rows · 48.2K rows/s · ETA 13:25 UTC

      **Next:** Wait until every table is in sync, or comment \`/cancel\`.

      ---

      **✅ No schema change** · \`shop\` → \`production\` · deploy request 3

      **Next:** Push a commit that changes the schema."
    `)
  })

  test('says that there is none', () => {
    expect(renderStatus([])).toBe('This pull request has no deploy request.')
  })
})

test('renderHelp lists the commands', () => {
  expect(
    renderHelp([
      { usage: '/deploy [branch]', does: 'Stages if needed and cuts over as soon as in sync.' },
      { usage: '/cancel', does: 'Discards the shadow tables.' },
    ]),
  ).toMatchInlineSnapshot(`
    "| Command | What it does |
    | --- | --- |
    | \`/deploy [branch]\` | Stages if needed and cuts over as soon as in sync. |
    | \`/cancel\` | Discards the shadow tables. |

    A command is a line of its own in a new comment. \`/schema <verb>\` works for each."
  `)
})
