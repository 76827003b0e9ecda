import { describe, expect, test } from 'vitest'
import {
  filesDigest,
  parseSubmission,
  parseSubmissionAnswer,
  SUBMISSION_LIMITS,
} from '../../src/deploy/submission.ts'
import { Refusal } from '../../src/errors.ts'
import { CREATE, DROP, FORECAST, OPERATION } from '../render/a-view.ts'

const SUBMISSION = {
  version: 1,
  database: 'shop',
  headSha: 'a'.repeat(40),
  baseSha: 'b'.repeat(40),
  baseSchema: { orders: 'CREATE TABLE `orders` (\n  `id` bigint NOT NULL\n)' },
  wantedSchema: { orders: 'CREATE TABLE `orders` (\n  `id` int NOT NULL\n)' },
  filesDigest: 'c'.repeat(64),
  suppressions: [{ table: 'orders', rule: 'float', reason: 'weights' }],
  renames: { orders: { paid_at: 'settled' } },
}

const ANSWER = {
  version: 1,
  number: 3,
  branch: 'production',
  state: 'ready',
  url: 'https://bot.example/acme/app/shop/3',
  digest: 'd'.repeat(64),
  operations: [{ ...OPERATION, forecast: FORECAST }, CREATE, DROP],
  errors: [],
  commentUrl: null,
}

describe('parseSubmission', () => {
  test('takes what the Action sends, also after it was JSON', () => {
    expect(parseSubmission(JSON.parse(JSON.stringify(SUBMISSION)))).toEqual(SUBMISSION)
  })

  test('takes one without suppressions and renames, as former versions of the Action send it', () => {
    const { suppressions: _, renames: __, ...former } = SUBMISSION

    expect(parseSubmission(former)).toMatchObject({ suppressions: [], renames: {} })
  })

  test('keeps a table with the name of a built-in property', () => {
    const wantedSchema = { constructor: 'CREATE TABLE `constructor` (`id` int)' }

    expect(parseSubmission({ ...SUBMISSION, wantedSchema }).wantedSchema).toEqual(wantedSchema)
  })

  test('refuses everything else and names the field', () => {
    const { filesDigest: _, ...incomplete } = SUBMISSION
    const wrong = [
      null,
      [],
      'text',
      { ...SUBMISSION, version: 2 },
      { ...SUBMISSION, extra: 1 },
      { ...SUBMISSION, database: 'a/b' },
      { ...SUBMISSION, headSha: 'main' },
      { ...SUBMISSION, baseSha: 7 },
      { ...SUBMISSION, baseSchema: [] },
      { ...SUBMISSION, wantedSchema: { orders: 'DROP TABLE orders' } },
      { ...SUBMISSION, wantedSchema: { orders: null } },
      { ...SUBMISSION, wantedSchema: { ['x'.repeat(65)]: 'CREATE TABLE x (id int)' } },
      { ...SUBMISSION, wantedSchema: JSON.parse('{"__proto__": "CREATE TABLE x (id int)"}') },
      { ...SUBMISSION, filesDigest: 'c' },
      { ...SUBMISSION, suppressions: [{ table: 'orders', rule: 'float', reason: ' ' }] },
      { ...SUBMISSION, suppressions: [{ table: 'orders', rule: '`', reason: 'x' }] },
      { ...SUBMISSION, renames: { orders: { a: '' } } },
      { ...SUBMISSION, renames: { '': { a: 'b' } } },
      incomplete,
    ]

    expect(wrong.map((json) => refusal(() => parseSubmission(json)))).toMatchInlineSnapshot(`
      [
        "INPUT_INVALID The submission must hold named values.",
        "INPUT_INVALID The submission must hold named values.",
        "INPUT_INVALID The submission must hold named values.",
        "INPUT_INVALID The submission’s field version must be a whole number from 1 to 1.",
        "INPUT_INVALID The submission’s field extra is unknown; known are version, database, headSha, baseSha, baseSchema, wantedSchema, filesDigest, suppressions, renames.",
        "INPUT_INVALID The submission’s field database must be the name of a database in the config file.",
        "INPUT_INVALID The submission’s field headSha must be the full SHA of a commit.",
        "INPUT_INVALID The submission’s field baseSha must be a text.",
        "INPUT_INVALID The submission’s field baseSchema must hold named values.",
        "INPUT_INVALID The submission’s field wantedSchema.orders must be a CREATE TABLE or CREATE VIEW statement.",
        "INPUT_INVALID The submission’s field wantedSchema.orders must be a text.",
        "INPUT_INVALID The submission’s field wantedSchema.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx must be named like a table.",
        "INPUT_INVALID The submission’s field wantedSchema.__proto__ must be named like a table.",
        "INPUT_INVALID The submission’s field filesDigest must be 64 hexadecimal digits.",
        "INPUT_INVALID The submission’s field suppressions.0.reason must say something.",
        "INPUT_INVALID The submission’s field suppressions.0.rule must be the name of a rule.",
        "INPUT_INVALID The submission’s field renames.orders.a must be the name of a column.",
        "INPUT_INVALID The submission’s field renames. must be named like a table.",
        "INPUT_INVALID The submission’s field filesDigest must be a text.",
      ]
    `)
  })

  test('refuses more renames than a person would make', () => {
    const names = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`n${at}`, `o${at}`]))

    expect(refusal(() => parseSubmission({ ...SUBMISSION, renames: { t: names } }))).toBe(
      'PAYLOAD_TOO_LARGE The submission has 1001 renames; the limit is 1000.',
    )
  })

  test('refuses what is too large and names the limit', () => {
    const large = `CREATE TABLE x (${'x'.repeat(SUBMISSION_LIMITS.bytesPerTable)})`
    const half = `CREATE TABLE x (${'x'.repeat(SUBMISSION_LIMITS.bytesPerTable - 100)})`
    const many = (count: number, statement: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, statement]))
    const wrong = [{ x: large }, many(33, half), many(5001, 'CREATE TABLE x (id int)')]

    expect(
      wrong.map((wantedSchema) => refusal(() => parseSubmission({ ...SUBMISSION, wantedSchema }))),
    ).toMatchInlineSnapshot(`
      [
        "PAYLOAD_TOO_LARGE The submission has a table of 524305 bytes; the limit is 524288.",
        "PAYLOAD_TOO_LARGE The submission has 17298813 bytes; the limit is 16777216.",
        "PAYLOAD_TOO_LARGE The submission has 5001 tables; the limit is 5000.",
      ]
    `)
  })
})

describe('parseSubmissionAnswer', () => {
  test('takes what the bot answers', () => {
    const failed = {
      ...ANSWER,
      state: 'error',
      digest: null,
      operations: [],
      errors: [{ code: 'SCHEMA_CONFLICT', message: 'm', next: 'n' }],
      commentUrl: 'https://github.example/acme/app/pull/7#issuecomment-1',
    }

    expect(parseSubmissionAnswer(ANSWER)).toEqual(ANSWER)
    expect(parseSubmissionAnswer(failed)).toEqual(failed)
  })

  test('shows the sentence of a code that only a newer bot knows', () => {
    const errors = [{ code: 'CODE_OF_TOMORROW', message: 'm', next: 'n' }]

    expect(parseSubmissionAnswer({ ...ANSWER, errors }).errors).toEqual([
      { code: 'BOT_REFUSED', message: 'm', next: 'n' },
    ])
  })

  test('refuses everything else and names the field', () => {
    const [operation] = ANSWER.operations
    const wrong = [
      { ...ANSWER, state: 'done' },
      { ...ANSWER, number: '3' },
      { ...ANSWER, url: 'javascript:alert(1)' },
      { ...ANSWER, digest: 'd' },
      { ...ANSWER, operations: [{ ...operation, how: 'magic' }] },
      { ...ANSWER, operations: [{ ...operation, rowsEstimated: -1 }] },
      { ...ANSWER, operations: [{ ...operation, forecast: { ...FORECAST, use: { reads: 1.5 } } }] },
      { ...ANSWER, errors: [{ code: 'NOT_FOUND', message: 'm' }] },
    ]

    expect(wrong.map((json) => refusal(() => parseSubmissionAnswer(json)))).toMatchInlineSnapshot(`
      [
        "INPUT_INVALID The answer’s field state must be one of pending, no_changes, error, ready, queued, cancelled, submitting, in_progress, in_progress_vschema, pending_cutover, in_progress_cutover, in_progress_cancel, complete_cancel, complete_error, complete_pending_revert, complete, in_progress_revert, in_progress_revert_vschema, complete_revert, complete_revert_error.",
        "INPUT_INVALID The answer’s field number must be a whole number from 1 to 9007199254740991.",
        "INPUT_INVALID The answer’s field url must be a link.",
        "INPUT_INVALID The answer’s field digest must be 64 hexadecimal digits.",
        "INPUT_INVALID The answer’s field operations.0.how must be one of shadow, instant, create, drop, view, refused.",
        "INPUT_INVALID The answer’s field operations.0.rowsEstimated must be a whole number from 0 to 9007199254740991.",
        "INPUT_INVALID The answer’s field operations.0.forecast.use.reads must be a whole number from 0 to 9007199254740991.",
        "INPUT_INVALID The answer’s field errors.0.next must be a text.",
      ]
    `)
  })
})

describe('filesDigest', () => {
  test('is the same in any order and another one for another path or content', () => {
    const a = { path: 'schema/a.sql', sha: '1'.repeat(40) }
    const b = { path: 'schema/b.sql', sha: '2'.repeat(40) }

    expect(filesDigest([a, b])).toBe(filesDigest([b, a]))
    expect(filesDigest([a, b])).not.toBe(filesDigest([a]))
    expect(filesDigest([a, b])).not.toBe(filesDigest([{ ...a, sha: b.sha }, b]))
    expect(filesDigest([a])).not.toBe(filesDigest([{ ...a, path: 'schema/c.sql' }]))
    expect(filesDigest([a])).not.toBe(
      filesDigest([{ ...a, path: `${a.path}\n${b.sha} ${b.path}` }]),
    )
  })
})

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return `${error.code} ${error.message}`
    throw error
  }
  throw new Error('nothing was refused')
}
