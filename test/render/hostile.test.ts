import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Failure } from '../../src/deploy/deployment.ts'
import type { DataCheck, TableUse } from '../../src/deploy/forecast.ts'
import { makePlan, type PlannedOperation } from '../../src/deploy/plan.ts'
import type { Finding } from '../../src/lint/rule.ts'
import { renderComment } from '../../src/render/comment.ts'
import { code, fence, md, sentence, table, text } from '../../src/render/markdown.ts'
import { renderOutlook } from '../../src/render/outlook.ts'
import { renderProgress } from '../../src/render/progress.ts'
import { renderStickyComment } from '../../src/render/proposal.ts'
import { renderHelp, renderRefusal } from '../../src/render/receipt.ts'
import { AT, aDeployment, aView, COPYING, FORECAST, OPERATION, REQUEST } from './a-view.ts'
import { actingIn } from './on-github.ts'

/** What attackers write, in pieces that can be put together in any order. */
const PIECES = [
  '@alice',
  '@acme/dba',
  'a@b.example',
  '#12',
  'acme/app#12',
  'GH-12',
  ':tada:',
  'https://evil.example/?a=b',
  'http:',
  'www.evil.example',
  'a_www.evil.example',
  'mailto:a@b.example',
  '[x](https://evil.example)',
  '![x](https://evil.example/a.png)',
  '<img src=x onerror=alert(1)>',
  '<https://evil.example>',
  '</code></details>',
  '<!--',
  '-->',
  '<script>',
  '`',
  '``',
  '```',
  '````\n',
  '~~~',
  '|',
  '\\|',
  '\\',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\n# ',
  '\n- [ ] ',
  '1. ',
  '> ',
  '---',
  '===',
  '    ',
  '\t',
  '*',
  '**',
  '_',
  '~~',
  '[^1]',
  '[^1]: x',
  '[a]: https://evil.example',
  '&lt;',
  '&#64;alice',
  '&commat;alice',
  '&',
  '$x$',
  '\u200b',
  '\u202e',
  '\u2028',
  '\0',
  '\ud800',
  '6feb308f012e6feb308f012e6feb308f012e6feb',
  'orders',
  ' ',
  'é',
  '🪑',
] as const

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 5 })), {
    maxLength: 12,
  })
  .map((pieces) => pieces.join(''))

const NOTHING_ACTS = { elements: [], words: [] }

describe('with hostile text, nothing of it acts', () => {
  test.each([
    { name: 'text', render: (value: string) => md`Before ${text(value)} after` },
    {
      name: 'what holds a copy up',
      render: (value: string) => renderProgress({ ...COPYING, throttledBy: value }, AT),
    },
    { name: 'text at the start', render: (value: string) => text(value) },
    { name: 'text in a list', render: (value: string) => md`- ${text(value)}\n- ${text(value)}` },
    { name: 'code', render: (value: string) => md`Before ${code(value)} after ${code(value)}.` },
    { name: 'sentence', render: (value: string) => md`${sentence(value)}\n→ ${sentence(value)}` },
    { name: 'fence', render: (value: string) => md`${fence('sql', value)}\n\nAfter` },
    {
      name: 'table',
      render: (value: string) =>
        table(
          [md`a`, md`b`],
          [
            [code(value), text(value)],
            [md`c`, sentence(value)],
          ],
        ),
    },
  ])('$name', ({ render }) => {
    fc.assert(
      fc.property(hostile, (value) => {
        expect(actingIn(render(value))).toEqual(NOTHING_ACTS)
      }),
      { numRuns: 500 },
    )
  })

  test('a table keeps its rows and columns', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const rows = [
          [code(value), text(value)],
          [sentence(value), md`z`],
        ]
        const shown = table([md`a`, md`b`], rows)
        expect(shown.split('\n')).toHaveLength(4)
        for (const line of shown.split('\n')) expect(line.match(/\|/g)).toHaveLength(3)
      }),
      { numRuns: 300 },
    )
  })

  test('a fence ends where it ends', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const shown = fence('diff', value)
        const marks = /^`+/.exec(shown)?.[0] ?? ''
        expect(shown.endsWith(`\n${marks}`)).toBe(true)
        expect(shown.slice(marks.length, -marks.length)).not.toContain(marks)
      }),
    )
  })

  test('RENDER-1: the whole comment, whatever the names, messages and definitions are', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (a, b, c) => {
        const operation: PlannedOperation = { ...OPERATION, table: a, statement: b, diff: c }
        const plan = makePlan([operation], { liveFingerprint: '', engineOptions: {} })
        const failure: Failure = { code: 'DUPLICATE_KEY', message: b, next: c }
        const phase = {
          state: 'complete_error',
          plan: plan.digest,
          failure,
          blocksQueue: true,
        } as const
        const finding: Finding = {
          rule: 'float',
          level: 'error',
          table: a,
          column: null,
          key: null,
          message: b,
          fix: c,
          place: null,
          docs: 'docs/lint.md#float',
        }
        const view = aView(phase, {
          review: {
            lint: { findings: [finding], accepted: [{ finding, reason: a }] },
            diagram: c,
            acceptances: [{ rule: b, reason: c, by: a }],
          },
          request: { ...REQUEST, database: a, branch: c },
          deployment: aDeployment(phase),
          plan,
          notices: [
            { level: 'caution', text: a },
            { level: 'note', text: b },
          ],
          timeline: [{ at: AT, by: { actor: a, via: 'comment' }, action: 'opened', detail: null }],
          url: null,
        })

        expect(actingIn(renderComment(view))).toEqual(NOTHING_ACTS)
      }),
      { numRuns: 300 },
    )
  })

  test('RENDER-1: what was found out about a change', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const check = { ...FORECAST.checks[0], subject: a } as DataCheck
        const operation: PlannedOperation = {
          ...OPERATION,
          table: a,
          how: 'refused',
          why: b,
          instant: { possible: 'no', why: a },
          order: { first: 'steps', why: b },
          losses: [a, b],
          forecast: {
            ...FORECAST,
            refusals: [{ code: 'FOREIGN_KEY', message: a, next: b }],
            checks: [check, { ...check, result: 'not_checked', reason: b }],
            use: { ...FORECAST.use, reads: null, writes: null, reason: b } as TableUse,
          },
        }

        expect(actingIn(renderOutlook([operation, { ...operation, how: 'shadow' }]))).toEqual(
          NOTHING_ACTS,
        )
      }),
      { numRuns: 300 },
    )
  })

  test('receipts and the Action’s comment', () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const refusal: Failure = { code: 'COMMAND_UNKNOWN', message: a, next: b }
        const finding: Finding = {
          rule: 'float',
          level: 'warning',
          table: a,
          column: b,
          key: null,
          message: a,
          fix: b,
          place: { file: a, line: 1, column: 1 },
          docs: 'docs/lint.md#float',
        }
        const sticky = renderStickyComment({
          database: a,
          head: REQUEST.head,
          base: REQUEST.base,
          operations: [{ ...OPERATION, table: b, diff: a }],
          errors: [refusal],
          lint: { findings: [finding], accepted: [{ finding, reason: b }] },
          diagram: a,
        })
        const [mark = '', ...rest] = sticky.split('\n')

        expect(mark).toMatch(/^<!-- crossfade:[A-Za-z0-9:_.-]* -->$/)
        expect(mark.slice(4, -3)).not.toContain('--')
        expect(actingIn(rest.join('\n'))).toEqual(NOTHING_ACTS)
        expect(actingIn(renderRefusal({ command: a, refusal, checked: [a, b] }))).toEqual(
          NOTHING_ACTS,
        )
        expect(actingIn(renderHelp([{ usage: a, does: b }]))).toEqual(NOTHING_ACTS)
      }),
      { numRuns: 200 },
    )
  })
})

test('dollar signs, of which GitHub makes formulas before anything else, are not in the source', () => {
  expect(text('$x$ and $`x`$')).not.toContain('$')
  expect(sentence('$x$')).not.toContain('$')
})

test('the parser of this test sees each attack when nothing is done against it', () => {
  const seen = (value: string) => {
    const { elements, words } = actingIn(value)
    return [...elements, ...words].length > 0
  }
  const attacks = PIECES.slice(0, 15).filter((piece) => piece !== 'http:')

  expect(attacks.filter((attack) => !seen(attack))).toEqual([])
})
