import { expect, test } from 'vitest'
import { toPlainText } from './plain.ts'

test('a comment as text for a terminal: tables aligned, code kept as it is, nothing folded away', () => {
  const comment = [
    '### 🟢 Ready · `shop`',
    '',
    '| Table | Change |',
    '| --- | --- |',
    '| `orders` | alter |',
    '| `order_items` | a &lt;new&gt; one |',
    '',
    '<details><summary>SQL</summary>',
    '',
    '```sql',
    'ALTER TABLE `orders`',
    '  ADD COLUMN `a|b` int;',
    '```',
    '',
    '</details>',
    '',
    '**Next:** [read](https://example.com) 1\\. <sub>the end</sub>',
  ].join('\n')

  expect(toPlainText(comment)).toMatchInlineSnapshot(`
    "🟢 Ready · shop

    Table        Change
    orders       alter
    order_items  a <new> one

    SQL:

      ALTER TABLE \`orders\`
        ADD COLUMN \`a|b\` int;

    Next: read 1. the end"
  `)
})
