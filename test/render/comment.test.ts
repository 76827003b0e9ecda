import { describe, expect, test } from 'vitest'
import {
  DEPLOYMENT_STATES,
  type DeploymentPhase,
  type DeploymentState,
} from '../../src/deploy/deployment.ts'
import { renderComment, renderComments } from '../../src/render/comment.ts'
import {
  AT,
  aDeployment,
  aView,
  COPYING,
  CREATE,
  DROP_PLAN,
  FAILURE,
  LATER,
  OPERATION,
  PLAN,
  REQUEST,
  REVIEW,
} from './a-view.ts'

describe('renderComment', () => {
  test('while the change waits for a command', () => {
    expect(renderComment(aView({ state: 'ready', plan: PLAN.digest }))).toMatchInlineSnapshot(`
      "### 🟢 Ready to deploy · \`shop\` → \`production\`

      Deploy request 3

      **Next:** Comment \`/stage\` to build the tables, or \`/deploy\` to go through to the cutover.

      | Table | Change | How | Rows | Size | Time | Risk |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`orders\` | alter | shadow copy | ~412M | 96 GiB | – | – |
      | \`refunds\` | create | new table | – | – | – | – |

      **Deploy order:** schema first (\`orders\`, \`refunds\`)

      ⚡ All of it can probably be made at once, without a copy and without a way back: \`/deploy method=instant\`

      <details><summary>What each change means</summary>

      **\`orders\`**

      - Adds the column \`note\` at the end. Rows are copied into a new table beside the live one, which can be reverted.
      - Instant: probably. The server can probably do that without copying.
      - Deploy order: schema first. Code that uses the new column \`note\` fails until it is there.

      **\`refunds\`**

      - A new table: nothing is there that would have to be copied.
      - Deploy order: schema first. Code that uses the new table fails until it is there.

      </details>

      **Schema diff**

      \`\`\`diff
      @@ table orders
         \`total\` int NOT NULL,
      +  \`note\` varchar(200) DEFAULT NULL,
         PRIMARY KEY (\`id\`)
      @@ new table refunds
      +CREATE TABLE \`refunds\` (
      +  \`id\` bigint NOT NULL,
      +  PRIMARY KEY (\`id\`)
      +)
      \`\`\`

      <details><summary>SQL of the plan</summary>

      \`\`\`sql
      ALTER TABLE \`orders\` ADD COLUMN \`note\` varchar(200) DEFAULT NULL;

      CREATE TABLE \`refunds\` (
        \`id\` bigint NOT NULL,
        PRIMARY KEY (\`id\`)
      );
      \`\`\`

      </details>

      <details><summary>Timeline</summary>

      - 2026-03-01 12:00 · opened · \`alice\` by push

      </details>

      <sub>plan \`062ebd976edc\` · head \`a1b2c3d\` · base \`f0e1d2c\` · [deploy request](https://bot.example/acme/app/shop/3) · updated 2026-03-01 12:30 UTC</sub>"
    `)
  })

  test('while rows are copied', () => {
    const timeline = [
      { at: AT, by: { actor: 'alice', via: 'action' }, action: 'opened', detail: null },
      { at: AT, by: { actor: 'bot', via: 'bot' }, action: 'checked', detail: null },
      { at: AT, by: { actor: 'bob', via: 'comment' }, action: 'enqueued', detail: null },
      { at: AT, by: { actor: 'engine', via: 'engine' }, action: 'submitted', detail: null },
      { at: LATER, by: { actor: 'engine', via: 'engine' }, action: 'started', detail: null },
    ] as const
    const view = aView({ state: 'in_progress', plan: PLAN.digest }, { progress: COPYING, timeline })

    expect(renderComment(view)).toMatchInlineSnapshot(`
      "### 🔄 Copying and keeping in sync · \`shop\` → \`production\`

      Deploy request 3 · started 2026-03-01 12:00 UTC

      🟦🟦🟦🟦🟦🟦⬜⬜⬜⬜ 60 % · 251M of 412M rows · 48.2K rows/s · ETA 13:25 UTC

      **Next:** Wait until every table is in sync, or comment \`/cancel\`.

      | Table | Change | How | Rows | Size | Time | Risk | Copied |
      | --- | --- | --- | --- | --- | --- | --- | --- |
      | \`orders\` | alter | shadow copy | ~412M | 96 GiB | – | – | 60 % |
      | \`refunds\` | create | new table | – | – | – | – | – |

      **Schema diff**

      \`\`\`diff
      @@ table orders
         \`total\` int NOT NULL,
      +  \`note\` varchar(200) DEFAULT NULL,
         PRIMARY KEY (\`id\`)
      @@ new table refunds
      +CREATE TABLE \`refunds\` (
      +  \`id\` bigint NOT NULL,
      +  PRIMARY KEY (\`id\`)
      +)
      \`\`\`

      <details><summary>SQL of the plan</summary>

      \`\`\`sql
      ALTER TABLE \`orders\` ADD COLUMN \`note\` varchar(200) DEFAULT NULL;

      CREATE TABLE \`refunds\` (
        \`id\` bigint NOT NULL,
        PRIMARY KEY (\`id\`)
      );
      \`\`\`

      </details>

      <details><summary>Timeline</summary>

      - 2026-03-01 12:00 · opened · \`alice\` by push
      - 2026-03-01 12:00 · checked
      - 2026-03-01 12:00 · queued · \`bob\` by comment
      - 2026-03-01 12:30 · started

      </details>

      <sub>plan \`062ebd976edc\` · head \`a1b2c3d\` · base \`f0e1d2c\` · [deploy request](https://bot.example/acme/app/shop/3) · updated 2026-03-01 12:30 UTC</sub>"
    `)
  })

  test('at the gate, with the last comparison', () => {
    const verified = { at: LATER.toISOString(), rows: 251_000_000, lagging: 12 }
    const view = aView(
      { state: 'pending_cutover', plan: PLAN.digest },
      { progress: { ...COPYING, phase: 'in_sync', verified } },
    )

    expect(top(renderComment(view))).toContain(
      'rows compared at 12:30 UTC, 0 differences, 12 had lagged',
    )
  })

  test('when it is over, with the comparison before the gate in the timeline', () => {
    const by = { actor: 'engine', via: 'engine' } as const
    const detail = { verifiedRows: 251_000_000 }
    const timeline = [
      { at: AT, by, action: 'started', detail: {} },
      { at: LATER, by, action: 'in_sync', detail },
      { at: LATER, by, action: 'in_sync', detail: { verifiedRows: null } },
    ]

    const comment = renderComment(aView({ state: 'ready', plan: PLAN.digest }, { timeline }))

    expect(comment).toContain(
      [
        '- 2026-03-01 12:00 · started',
        '- 2026-03-01 12:30 · in sync: 251M rows compared, 0 differences',
        '- 2026-03-01 12:30 · in sync',
      ].join('\n'),
    )
  })

  test('while the copy is held up', () => {
    const throttledBy = 'replica lag of db2.example:3306: 5.2 s, limit 2 s; commit latency: 340 ms'
    const view = aView(
      { state: 'in_progress', plan: PLAN.digest },
      { progress: { ...COPYING, throttledBy } },
    )

    expect(top(renderComment(view))).toMatchInlineSnapshot(`
      "### 🔄 Copying and keeping in sync · \`shop\` → \`production\`

      Deploy request 3 · started 2026-03-01 12:00 UTC

      🟦🟦🟦🟦🟦🟦⬜⬜⬜⬜ 60 % · 251M of 412M rows · 48.2K rows/s · held up by replica lag of db2.example&#58;&#8203;3306: 5.2 s, limit 2 s; commit latency: 340 ms

      **Next:** Wait until every table is in sync, or comment \`/cancel\`."
    `)
  })

  test.for([
    ['in_progress_cutover', 'cutting_over', 'swapping the tables'],
    ['in_progress_revert', 'reverting', 'Swapping the old tables back'],
  ] as const)('while somebody is in the way of the swap: %s', ([state, during, words]) => {
    const throttledBy =
      'connection 12 holds orders in a transaction of 95 s, last statement UPDATE `orders` SET `total` = ?'
    const view = aView(
      { state, plan: PLAN.digest },
      { progress: { ...COPYING, phase: during, throttledBy } },
    )

    expect(top(renderComment(view))).toMatch(
      new RegExp(`${words} · connection 12 holds orders in a transaction of 95 s, last statement`),
    )
  })

  test('at the gate', () => {
    const progress = { ...COPYING, phase: 'in_sync', rowsCopied: 412_345_678 } as const
    const view = aView({ state: 'pending_cutover', plan: PLAN.digest }, { progress })

    expect(top(renderComment(view))).toMatchInlineSnapshot(`
      "### 🟡 In sync, waiting for the cutover · \`shop\` → \`production\`

      Deploy request 3 · started 2026-03-01 12:00 UTC

      🟦🟦🟦🟦🟦🟦🟦🟦🟦🟦 412M rows in sync · 0.4 s behind

      **Next:** Comment \`/cutover\` to swap the tables, or \`/cancel\` to discard them."
    `)
  })

  test('when the change drops data, with the code that confirms this plan', () => {
    const view = aView({ state: 'ready', plan: DROP_PLAN.digest }, { plan: DROP_PLAN })

    expect(renderComment(view)).toMatchInlineSnapshot(`
      "### 🟢 Ready to deploy · \`shop\` → \`production\`

      Deploy request 3

      ⚠️ **It drops data.** Comment \`/stage confirm=QZP7D\` to build the tables, or \`/deploy confirm=QZP7D\` to go through to the cutover.

      | Table | Change | How | Rows | Size | Time | Risk |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`legacy\` | drop | moved to quarantine | ~1.2K | 16 KiB | – | ⚠️ drops data |

      **Deploy order:** code first (\`legacy\`)

      - ⚠️ \`legacy\`: the table with all its rows would be lost.

      <details><summary>What each change means</summary>

      **\`legacy\`**

      - The table is renamed, not dropped at once, so that it can be taken back for a while.
      - Deploy order: code first. Code that still uses the table fails once it is gone.

      </details>

      **Schema diff**

      \`\`\`diff
      @@ dropped table legacy
      -CREATE TABLE \`legacy\` (
      -  \`id\` int NOT NULL
      -)
      \`\`\`

      <details><summary>SQL of the plan</summary>

      \`\`\`sql
      DROP TABLE \`legacy\`;
      \`\`\`

      </details>

      <details><summary>Timeline</summary>

      - 2026-03-01 12:00 · opened · \`alice\` by push

      </details>

      <sub>plan \`86b0374254d6\` · head \`a1b2c3d\` · base \`f0e1d2c\` · [deploy request](https://bot.example/acme/app/shop/3) · updated 2026-03-01 12:30 UTC</sub>"
    `)
  })

  test('while a revert is possible', () => {
    const view = aView({
      state: 'complete_pending_revert',
      plan: PLAN.digest,
      revertUntil: LATER,
      revertImpossible: null,
    })

    expect(top(renderComment(view))).toMatchInlineSnapshot(`
      "### ✅ Live, can be reverted · \`shop\` → \`production\`

      Deploy request 3 · live since 2026-03-01 12:00 UTC · can be reverted until 12:30 UTC

      **Next:** Comment \`/revert\` to swap back, or \`/skip-revert\` to keep the change."
    `)
  })

  test('when a revert became impossible', () => {
    const view = aView({
      state: 'complete_pending_revert',
      plan: PLAN.digest,
      revertUntil: LATER,
      revertImpossible: 'A new row of `orders` is longer than the old column.',
    })

    expect(top(renderComment(view))).toMatchInlineSnapshot(`
      "### ✅ Live, can no longer be reverted · \`shop\` → \`production\`

      Deploy request 3 · live since 2026-03-01 12:00 UTC

      A new row of \`orders\` is longer than the old column."
    `)
  })

  test('when it failed', () => {
    const view = aView({
      state: 'complete_error',
      plan: PLAN.digest,
      failure: FAILURE,
      blocksQueue: true,
    })

    expect(top(renderComment(view))).toMatchInlineSnapshot(`
      "### ❌ Failed · \`shop\` → \`production\`

      Deploy request 3

      \`DUPLICATE_KEY\` Two rows of \`orders\` have the same value in the new key \`by_code\`.
      → Find them with \`SELECT code FROM orders GROUP BY code HAVING COUNT(*) > 1\`.

      **Next:** Comment \`/stage\` or \`/deploy\` to try again once the cause is gone."
    `)
  })

  test('when the check refused the change', () => {
    const error = {
      code: 'SCHEMA_CONFLICT',
      message: 'Production has a column `orders`.`vat` that the base of this pull request has not.',
      next: 'Merge the default branch into this one.',
    } as const

    expect(renderComment(aView({ state: 'error', errors: [error] }))).toMatchInlineSnapshot(`
      "### ❌ The change cannot be deployed · \`shop\` → \`production\`

      Deploy request 3

      \`SCHEMA_CONFLICT\` Production has a column \`orders\`.\`vat\` that the base of this pull request has not.
      → Merge the default branch into this one.

      **Next:** Push a commit that mends the schema.

      <details><summary>Timeline</summary>

      - 2026-03-01 12:00 · opened · \`alice\` by push

      </details>

      <sub>head \`a1b2c3d\` · base \`f0e1d2c\` · [deploy request](https://bot.example/acme/app/shop/3) · updated 2026-03-01 12:30 UTC</sub>"
    `)
  })

  test('with an alert, and when the pull request was closed', () => {
    const view = aView(
      { state: 'cancelled', plan: PLAN.digest },
      {
        request: { ...REQUEST, state: 'closed', closedAt: LATER },
        notices: [
          { level: 'warning', text: 'The live schema changed; see `/plan`.' },
          { level: 'note', text: 'A second notice.' },
        ],
      },
    )

    expect(top(renderComment(view))).toMatchInlineSnapshot(`
      "### ⚪ Closed · \`shop\` → \`production\`

      Deploy request 3

      > [!WARNING]
      > The live schema changed; see \`/plan\`.

      A second notice.

      The pull request was closed."
    `)
  })

  test('with an error of lint that is in the way, and a picture of the tables', () => {
    const view = aView({ state: 'ready', plan: PLAN.digest }, { review: REVIEW, timeline: [] })

    expect(renderComment(view).split('\n\n**Schema diff**')[0]).toMatchInlineSnapshot(`
      "### ❌ Lint found an error · \`shop\` → \`production\`

      Deploy request 3

      **It cannot be deployed like this.** Mend the schema and push, or say why it may stand: \`/accept drop-table <reason>\`

      | Table | Change | How | Rows | Size | Time | Risk |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`orders\` | alter | shadow copy | ~412M | 96 GiB | – | – |
      | \`refunds\` | create | new table | – | – | – | – |

      **Deploy order:** schema first (\`orders\`, \`refunds\`)

      ⚡ All of it can probably be made at once, without a copy and without a way back: \`/deploy method=instant\`

      <details><summary>What each change means</summary>

      **\`orders\`**

      - Adds the column \`note\` at the end. Rows are copied into a new table beside the live one, which can be reverted.
      - Instant: probably. The server can probably do that without copying.
      - Deploy order: schema first. Code that uses the new column \`note\` fails until it is there.

      **\`refunds\`**

      - A new table: nothing is there that would have to be copied.
      - Deploy order: schema first. Code that uses the new table fails until it is there.

      </details>

      **Lint:** errors: 1 · warnings: 0 · infos: 0 · accepted in the files: 0

      - ❌ \`drop-table\`
        The table \`legacy\` goes.
        → Keep it."
    `)
    expect(renderComment(view)).toContain('```mermaid\nerDiagram\n  "legacy (dropped)"\n```')
  })

  test('says in every state where it is and what is next', () => {
    const lines = DEPLOYMENT_STATES.map((state) => {
      const comment = renderComment(aView(phase(state), { timeline: [] }))
      const title = comment.split('\n', 1)[0]?.replace('### ', '').split(' · ')[0]
      const next = /\*\*Next:\*\* (.*)/.exec(comment)?.[1]
      return `${state}: ${title} – ${next}`
    })

    expect(lines).toMatchInlineSnapshot(`
      [
        "pending: ⏳ Checking the change – Wait for the deploy check; it takes a few seconds.",
        "no_changes: ✅ No schema change – Push a commit that changes the schema.",
        "error: ❌ The change cannot be deployed – Push a commit that mends the schema.",
        "ready: 🟢 Ready to deploy – Comment \`/stage\` to build the tables, or \`/deploy\` to go through to the cutover.",
        "queued: ⏳ In the queue – Wait for its turn, or comment \`/cancel\`.",
        "cancelled: ⚪ Left the queue – Comment \`/stage\` or \`/deploy\` to queue it again.",
        "submitting: ⏳ Preflight checks – Wait for the preflight checks, or comment \`/cancel\`.",
        "in_progress: 🔄 Copying and keeping in sync – Wait until every table is in sync, or comment \`/cancel\`.",
        "in_progress_vschema: 🔄 Changing the routing rules – Wait until the routing rules are changed.",
        "pending_cutover: 🟡 In sync, waiting for the cutover – Comment \`/cutover\` to swap the tables, or \`/cancel\` to discard them.",
        "in_progress_cutover: 🔄 Cutting over – Wait: the swap is being tried. \`/cancel\` works until it has happened.",
        "in_progress_cancel: 🔄 Cancelling – Wait until the tables are discarded.",
        "complete_cancel: ⚪ Cancelled – Comment \`/stage\` or \`/deploy\` to start again.",
        "complete_error: ❌ Failed – Comment \`/stage\` or \`/deploy\` to try again once the cause is gone.",
        "complete_pending_revert: ✅ Live, can be reverted – Comment \`/revert\` to swap back, or \`/skip-revert\` to keep the change.",
        "complete: ✅ Live – Open a new pull request for a further change.",
        "in_progress_revert: 🔄 Reverting – Wait until the tables are swapped back.",
        "in_progress_revert_vschema: 🔄 Reverting the routing rules – Wait until the routing rules are changed back.",
        "complete_revert: ↩️ Reverted – Comment \`/stage\` or \`/deploy\` to start again.",
        "complete_revert_error: ❌ The revert failed – Look at the reason of the failure; the tables are left as they are.",
      ]
    `)
  })

  test('says that the cutover follows by itself when auto-apply is on', () => {
    const view = aView({ state: 'in_progress', plan: PLAN.digest })
    const auto = { ...view, deployment: { ...view.deployment, autoCutover: true } }

    expect(renderComment(auto)).toContain('The cutover follows as soon as every table is in sync.')
    expect(renderComment(auto)).toContain('auto-apply on')
  })
})

describe('the budget of a comment', () => {
  const long = '@x:y#1 '.repeat(6_000)

  test('gives way in a fixed order: timeline, SQL, diagram, diff, outlook, long table', () => {
    const view = (diff: number, statement: number, diagram: number) => {
      const sized = { diff: '+abcdefghi\n'.repeat(diff / 11), statement: 'x'.repeat(statement) }
      const plan = { ...PLAN, operations: [{ ...OPERATION, ...sized }] }
      const review = { ...REVIEW, diagram: 'x'.repeat(diagram) }
      return aView({ state: 'ready', plan: PLAN.digest }, { plan, review })
    }
    const parts = [
      ...['Timeline', 'SQL of the plan</summary>', '```mermaid', '```diff'],
      ...['What each change means', '| `orders`', '<sub>'],
    ]
    const shown = (comment: string) => parts.filter((part) => comment.includes(part))
    const least = ['What each change means', '| `orders`', '<sub>']

    expect(shown(renderComment(view(22, 1, 1)))).toHaveLength(7)
    expect(shown(renderComment(view(25_000, 40_000, 1)))).toEqual(parts.slice(2))
    expect(shown(renderComment(view(25_000, 40_000, 40_000)))).toEqual(['```diff', ...least])
    const [first = ''] = renderComments(Array.from({ length: 6 }, () => view(25_000, 0, 0))).split(
      '\n---\n',
    )
    expect(first).toContain('more lines, which crossfade diff')
    expect(first.match(/^\+abcdefghi$/gm)?.length).toBeGreaterThan(500)
    const small = renderComments(Array.from({ length: 12 }, () => view(25_000, 0, 0)))
    expect(small.match(/The schema diff is too long/g)).toHaveLength(12)
  })

  test('cuts a schema diff at a line, and says how many are left', () => {
    const plan = { ...PLAN, operations: [{ ...OPERATION, diff: '+abcdefghi\n'.repeat(4_000) }] }

    const comment = renderComment(aView({ state: 'ready', plan: PLAN.digest }, { plan }))

    const lines = comment.match(/^\+abcdefghi$/gm)?.length ?? 0
    expect(comment).toContain(`\n… and ${4_000 - lines} more lines, which crossfade diff`)
    expect(lines).toBeGreaterThan(2_500)
  })

  test('keeps the limit with hundreds of tables, and with many deploy requests', () => {
    const operations = Array.from({ length: 300 }, (_, index) => ({
      ...CREATE,
      table: `|${'`'.repeat(50)}${index}`,
      diff: long,
      statement: long,
    }))
    const view = aView(
      {
        state: 'error',
        errors: Array.from({ length: 50 }, () => ({ ...FAILURE, message: `<${long}` })),
      },
      { plan: { ...PLAN, operations } },
    )

    const one = renderComment(view)
    expect(one.length).toBeLessThan(60_000)
    expect(one).toContain('and 260 more.')
    expect(one).toContain('<sub>')
    const several = renderComments(Array.from({ length: 4 }, () => aView(phase('ready'))))
    expect(several.split('Deploy request 3')).toHaveLength(5)
    const many = renderComments(Array.from({ length: 30 }, () => view))
    expect(many.length).toBeLessThan(60_000)
    expect(many).toMatch(/… and \d+ more deploy requests\.$/)
  })
})

function phase(state: DeploymentState): DeploymentPhase {
  const plan = PLAN.digest
  switch (state) {
    case 'pending':
    case 'no_changes':
      return { state }
    case 'error':
      return { state, errors: [FAILURE] }
    case 'complete_error':
      return { state, plan, failure: FAILURE, blocksQueue: true }
    case 'complete_revert_error':
      return { state, plan, failure: FAILURE }
    case 'complete_pending_revert':
      return { state, plan, revertUntil: LATER, revertImpossible: null }
    default:
      return aDeployment({ state, plan })
  }
}

/** The comment down to its table. */
function top(comment: string): string {
  return comment.split('\n\n|')[0] ?? ''
}
