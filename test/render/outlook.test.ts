import { describe, expect, test } from 'vitest'
import type { PlannedOperation } from '../../src/deploy/plan.ts'
import { renderAttention, renderOutlook } from '../../src/render/outlook.ts'
import { CREATE, DROP, FAILURE, FORECAST, OPERATION } from './a-view.ts'

const LOOKED_AT: PlannedOperation = { ...OPERATION, forecast: FORECAST }

describe('renderOutlook', () => {
  test('says what needs attention, and of each table what the change means', () => {
    const refused: PlannedOperation = {
      ...OPERATION,
      table: 'loose',
      how: 'refused',
      instant: { possible: 'no', why: 'The server would have to copy.' },
      forecast: {
        ...FORECAST,
        refusals: [FAILURE],
        duration: null,
        disk: null,
        checks: [],
        use: null,
      },
    }

    expect(renderOutlook([LOOKED_AT, CREATE, DROP, refused])).toMatchInlineSnapshot(`
      "**Deploy order:** schema first (\`orders\`, \`refunds\`, \`loose\`) · code first (\`legacy\`)

      - ⚠️ \`orders\`: Found rows that are equal in the new unique key \`by_code\`: at least 2 keys; checked the first 100,000 rows. It would stop the deployment.
      - ⚠️ \`legacy\`: the table with all its rows would be lost.
      - ❌ \`loose\`: \`DUPLICATE_KEY\` Two rows of \`orders\` have the same value in the new key \`by_code\`. → Find them with \`SELECT code FROM orders GROUP BY code HAVING COUNT(*) > 1\`.

      <details><summary>What each change means</summary>

      **\`orders\`**

      - Adds the column \`note\` at the end. Rows are copied into a new table beside the live one, which can be reverted.
      - Instant: probably. The server can probably do that without copying.
      - Time: about 1 h 30 min, between 40 min and 3 h 53 min (20,000 rows were read in 41 ms).
      - Disk: 96 GiB for the new table and about 80 GiB for the log of changes; 96 GiB of the former table are freed when it is dropped. Free: not known.
      - Deploy order: schema first. Code that uses the new column \`note\` fails until it is there.
      - Found rows that are equal in the new unique key \`by_code\`: at least 2 keys; checked the first 100,000 rows. It would stop the deployment.
      - No rows with NULL in \`code\`, which becomes NOT NULL: checked all rows.
      - Not checked: rows with texts that are no numbers in \`v\` (no short query tells them).
      - Recently used: 12,000 rows read and 31 written in the last 2 days; last written 1 minute ago.

      **\`refunds\`**

      - A new table: nothing is there that would have to be copied.
      - Deploy order: schema first. Code that uses the new table fails until it is there.

      **\`legacy\`**

      - The table is renamed, not dropped at once, so that it can be taken back for a while.
      - Deploy order: code first. Code that still uses the table fails once it is gone.

      **\`loose\`**

      - Instant: no. The server would have to copy.
      - Deploy order: schema first. Code that uses the new column \`note\` fails until it is there.

      </details>"
    `)
  })

  test('says nothing of nothing', () => {
    expect(renderOutlook([])).toBe('')
    expect(renderAttention([])).toBe('')
  })

  test('stays short with hundreds of tables', () => {
    const many = Array.from({ length: 300 }, (_, at) => ({ ...DROP, table: `t${at}` }))

    expect(renderOutlook(many).length).toBeLessThan(12_000)
    expect(renderAttention(many).length).toBeLessThan(1_500)
    expect(renderOutlook(many)).toContain('and 280 more')
  })
})
