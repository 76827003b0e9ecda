import { describe, expect, test } from 'vitest'
import type { Finding } from '../../src/lint/rule.ts'
import { countFindings, renderFindings, renderReviewed } from '../../src/render/findings.ts'

const FINDING: Finding = {
  rule: 'drop-column',
  level: 'warning',
  table: 'users',
  column: 'name',
  key: null,
  message: 'The column `users`.`name` goes, with all its values.',
  fix: 'Deploy code that no longer uses the column first.',
  place: { file: 'schema/shop/users.sql', line: 3, column: 3 },
  docs: 'docs/lint.md#drop-column',
}

const INFO: Finding = { ...FINDING, rule: 'copy-cost', level: 'info', place: null }

describe('renderFindings', () => {
  test('shows what matters, and folds the rest away', () => {
    const accepted = [{ finding: FINDING, reason: 'agreed' }]

    expect(renderFindings({ findings: [FINDING, INFO], accepted })).toMatchInlineSnapshot(`
      "**Lint:** errors: 0 · warnings: 1 · infos: 1 · accepted in the files: 1

      - ⚠️ \`drop-column\` · \`schema/shop/users.sql:3:3\`
        The column \`users\`.\`name\` goes, with all its values.
        → Deploy code that no longer uses the column first.

      <details><summary>Further findings: 1</summary>

      - ℹ️ \`copy-cost\`
        The column \`users\`.\`name\` goes, with all its values.
        → Deploy code that no longer uses the column first.

      </details>"
    `)
  })

  test('says nothing of nothing', () => {
    expect(renderFindings({ findings: [], accepted: [] })).toBe('')
  })

  test('stays short whatever is found', () => {
    const findings = Array.from({ length: 5000 }, () => ({ ...FINDING }))

    const rendered = renderFindings({ findings, accepted: [] })

    expect(rendered.match(/^- /gm)).toHaveLength(60)
    expect(rendered).toContain('… and 4940 more')
    expect(countFindings({ findings, accepted: [] })).toContain('warnings: 5000')
  })
})

describe('renderReviewed', () => {
  test('shows what is open, and who accepted what and why', () => {
    const lint = {
      findings: [{ ...FINDING, rule: 'float' }, FINDING],
      accepted: [{ finding: INFO, reason: 'small table' }],
    }
    const acceptances = [{ rule: 'drop-column', reason: 'unused since May', by: 'alice' }]

    expect(renderReviewed({ lint, acceptances, diagram: '' })).toMatchInlineSnapshot(`
      "**Lint:** errors: 0 · warnings: 1 · infos: 0 · accepted in the files: 1

      - ⚠️ \`float\` · \`schema/shop/users.sql:3:3\`
        The column \`users\`.\`name\` goes, with all its values.
        → Deploy code that no longer uses the column first.

      <details><summary>Accepted findings: 2</summary>

      - \`drop-column\` by \`alice\`, for this plan: unused since May
      - \`copy-cost\` of \`users\`, in its file: small table

      </details>"
    `)
  })

  test('does not fold an error away that the pull request accepts itself', () => {
    const finding = { ...FINDING, level: 'error', rule: 'duplicate-enum-value' } as const
    const lint = { findings: [], accepted: [{ finding, reason: 'trust me' }] }

    const rendered = renderReviewed({ lint, acceptances: [], diagram: '' })

    expect(rendered).not.toContain('<details>')
    expect(rendered).toMatch(/^- ⚠️ `duplicate-enum-value` of `users` is an error .*: trust me$/m)
    expect(rendered).toContain('accepted in the files: 1')
  })

  test('counts acceptances that are too many', () => {
    const accepted = Array.from({ length: 60 }, () => ({ finding: INFO, reason: 'x' }))
    const lint = { findings: [], accepted }

    const rendered = renderReviewed({ lint, acceptances: [], diagram: '' })

    expect(rendered.match(/^- /gm)).toHaveLength(51)
    expect(rendered).toContain('… and 10 more')
  })
})
