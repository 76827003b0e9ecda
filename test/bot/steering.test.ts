import { describe, expect, test } from 'vitest'
import { steeringOf, UNSTEERED } from '../../bot/steering.ts'
import type { AuditEntry } from '../../src/store/audit.ts'

describe('steeringOf', () => {
  test('is what was said last about each thing, of this deployment alone', () => {
    const record = [
      entry('command', { verb: 'stage', commentId: 1, method: 'instant' }),
      entry('throttled', { ratio: 40 }),
      entry('paused', null),
      { ...entry('throttled', { ratio: 90 }), deploymentId: 8 },
    ]

    expect(steeringOf(record, 7)).toEqual({
      paused: true,
      throttleRatio: 40,
      forced: false,
      method: 'instant',
    })
  })

  test('forces the cutover until somebody asks for one without force', () => {
    const forced = [
      entry('command', { verb: 'cutover', commentId: 1 }),
      entry('command', { verb: 'cutover', commentId: 2, force: true }),
      entry('command', { verb: 'status', commentId: 3 }),
    ]

    expect(steeringOf(forced, 7).forced).toBe(true)
    expect(steeringOf([...forced, entry('command', { verb: 'deploy', commentId: 4 })], 7)).toEqual(
      UNSTEERED,
    )
  })

  test('keeps in a retry how the tables are changed, and nothing else', () => {
    const record = [
      entry('command', { verb: 'deploy', commentId: 1, method: 'instant' }),
      entry('throttled', { ratio: 40 }),
      entry('command', { verb: 'cutover', commentId: 2, force: true }),
      entry('retried', null),
    ]

    expect(steeringOf(record, 7)).toEqual({ ...UNSTEERED, method: 'instant' })
  })
})

function entry(action: string, detail: unknown): AuditEntry {
  return {
    action,
    detail,
    deployRequestId: 1,
    deploymentId: 7,
    digest: null,
    state: null,
    at: new Date('2026-03-01T10:00:00Z'),
    by: { actor: 'alice', via: 'comment' },
  }
}
