import { describe, expect, test } from 'vitest'
import type { SubmissionAnswer } from '../../src/deploy/submission.ts'
import { type ProposalView, renderStickyComment, stickyMark } from '../../src/render/proposal.ts'
import { renderSummary } from '../../src/render/summary.ts'
import { CREATE, DROP, FAILURE, PLAN, REQUEST } from './a-view.ts'

const PROPOSAL: ProposalView = {
  database: 'shop',
  head: REQUEST.head,
  base: REQUEST.base,
  operations: [{ ...DROP, rowsEstimated: null, bytesEstimated: null }],
  errors: [],
  lint: { findings: [], accepted: [] },
  diagram: '',
}

const ANSWER: SubmissionAnswer = {
  version: 1,
  number: REQUEST.number,
  branch: 'production',
  state: 'ready',
  url: 'https://bot.example/acme/app/shop/3',
  digest: PLAN.digest,
  operations: [CREATE],
  errors: [],
  commentUrl: null,
}

describe('renderStickyComment', () => {
  test('shows the change and that nothing comes of it without a bot', () => {
    expect(renderStickyComment(PROPOSAL)).toMatchInlineSnapshot(`
      "<!-- crossfade:shop -->
      ### 🟦 1 table changes · \`shop\`

      ⚠️ **It drops data:** values that are there now would be gone.

      No bot is connected, so nothing will be deployed from here.

      | Table | Change | How | Rows | Size | Time | Risk |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`legacy\` | drop | moved to quarantine | – | – | – | ⚠️ drops data |

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

      <sub>head \`a1b2c3d\` · base \`f0e1d2c\`</sub>"
    `)
  })

  test('shows why the schema cannot be read', () => {
    const view = { ...PROPOSAL, operations: [], errors: [FAILURE] }

    expect(renderStickyComment(view)).toMatchInlineSnapshot(`
      "<!-- crossfade:shop -->
      ### ❌ The change cannot be deployed · \`shop\`

      \`DUPLICATE_KEY\` Two rows of \`orders\` have the same value in the new key \`by_code\`.
      → Find them with \`SELECT code FROM orders GROUP BY code HAVING COUNT(*) > 1\`.

      <sub>head \`a1b2c3d\` · base \`f0e1d2c\`</sub>"
    `)
  })

  test('starts with the mark by which it is found again', () => {
    const none = renderStickyComment({ ...PROPOSAL, operations: [] })

    expect(none.startsWith(`${stickyMark('shop')}\n`)).toBe(true)
    expect(none).toContain('No schema change')
  })
})

describe('renderSummary', () => {
  test('shows the plan of the bot where there is one', () => {
    expect(renderSummary({ proposal: PROPOSAL, answer: ANSWER })).toMatchInlineSnapshot(`
      "### 🟦 1 table changes · \`shop\`

      🟢 Ready to deploy · [deploy request 3](https://bot.example/acme/app/shop/3) to \`production\`

      | Table | Change | How | Rows | Size | Time | Risk |
      | --- | --- | --- | --- | --- | --- | --- |
      | \`refunds\` | create | new table | – | – | – | – |

      **Deploy order:** schema first (\`refunds\`)

      <details><summary>What each change means</summary>

      **\`refunds\`**

      - A new table: nothing is there that would have to be copied.
      - Deploy order: schema first. Code that uses the new table fails until it is there.

      </details>

      **Schema diff**

      \`\`\`diff
      @@ new table refunds
      +CREATE TABLE \`refunds\` (
      +  \`id\` bigint NOT NULL,
      +  PRIMARY KEY (\`id\`)
      +)
      \`\`\`

      <details><summary>SQL of the plan</summary>

      \`\`\`sql
      CREATE TABLE \`refunds\` (
        \`id\` bigint NOT NULL,
        PRIMARY KEY (\`id\`)
      );
      \`\`\`

      </details>

      <sub>head \`a1b2c3d\` · base \`f0e1d2c\`</sub>"
    `)
  })

  test('shows what the Action knows where there is none', () => {
    const summary = renderSummary({ proposal: PROPOSAL, answer: null })

    expect(summary).toContain('`legacy`')
    expect(summary).toContain('No bot is connected')
  })
})
