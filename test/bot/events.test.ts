import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { interpretEvent, orderKeyOf } from '../../bot/events.ts'

const PLACE = {
  installation: { id: 815 },
  repository: { id: 42, name: 'shop', owner: { login: 'acme' } },
}
const ALICE = { login: 'alice', id: 7, type: 'User' }
const BOT = { login: 'crossfade[bot]', id: 8, type: 'Bot' }
const PULL = { installationId: 815, repositoryId: 42, owner: 'acme', repo: 'shop', number: 3 }
const COMMENT = { id: 99, body: '/deploy', created_at: '2026-03-01T10:00:00Z', user: ALICE }

describe('interpretEvent', () => {
  test.each(['opened', 'synchronize', 'reopened'])('a pull request %s has a new head', (action) => {
    const payload = { ...PLACE, action, pull_request: { number: 3, head: { sha: 'abc' } } }

    expect(interpretEvent('pull_request', payload)).toEqual({
      kind: 'head',
      pull: PULL,
      headSha: 'abc',
    })
  })

  test('a merge names its commit and who pressed the button', () => {
    const merged = { merged: true, merge_commit_sha: 'def', merged_by: ALICE }
    const payload = { ...PLACE, action: 'closed', pull_request: { number: 3, ...merged } }

    expect(interpretEvent('pull_request', payload)).toEqual({
      kind: 'closed',
      pull: PULL,
      merged: { sha: 'def', by: { login: 'alice', id: 7 } },
    })
  })

  test('a merge by a bot deploys nothing', () => {
    const merged = { merged: true, merge_commit_sha: 'def', merged_by: BOT }
    const payload = {
      ...PLACE,
      action: 'closed',
      sender: BOT,
      pull_request: { number: 3, ...merged },
    }

    expect(interpretEvent('pull_request', payload)).toMatchObject({ kind: 'ignore' })
  })

  test('a pull request closed without a merge is only closed', () => {
    const payload = { ...PLACE, action: 'closed', pull_request: { number: 3, merged: false } }

    expect(interpretEvent('pull_request', payload)).toEqual({
      kind: 'closed',
      pull: PULL,
      merged: null,
    })
  })

  test('a new comment on a pull request may hold a command', () => {
    const payload = commented('created', COMMENT)

    expect(interpretEvent('issue_comment', payload)).toEqual({
      kind: 'comment',
      pull: PULL,
      comment: {
        id: 99,
        body: '/deploy',
        author: { login: 'alice', id: 7 },
        createdAt: new Date('2026-03-01T10:00:00Z'),
      },
    })
  })

  test.each([
    ['by a bot', commented('created', { ...COMMENT, user: BOT })],
    [
      'by an organisation',
      commented('created', { ...COMMENT, user: { ...ALICE, type: 'Organization' } }),
    ],
    ['on an issue', { ...commented('created', COMMENT), issue: { number: 3 } }],
    ['without a time', commented('created', { ...COMMENT, created_at: 'yesterday' })],
    ['of no installation', { ...commented('created', COMMENT), installation: null }],
  ])('a comment %s is ignored', (_what, payload) => {
    expect(interpretEvent('issue_comment', payload)).toMatchObject({ kind: 'ignore' })
  })

  test('an edit is no command, but ours is written again when a person made it', () => {
    const edited = commented('edited', COMMENT)

    expect(interpretEvent('issue_comment', { ...edited, sender: ALICE })).toEqual({
      kind: 'rewrite',
      pull: PULL,
      commentId: 99,
    })
    expect(interpretEvent('issue_comment', { ...edited, sender: BOT })).toMatchObject({
      kind: 'ignore',
    })
  })

  test('takes any payload', () => {
    const event = fc.constantFrom('pull_request', 'issue_comment', 'push', '__proto__')
    const payload = fc.oneof(
      fc.anything(),
      fc
        .record({
          action: fc.constantFrom('opened', 'closed', 'created', 'toString'),
          pull_request: fc.anything(),
          issue: fc.anything(),
          comment: fc.anything(),
        })
        .map((fields) => ({ ...PLACE, ...fields })),
    )
    fc.assert(
      fc.property(event, payload, (name, body) => {
        expect(interpretEvent(name, body)).toHaveProperty('kind')
      }),
    )
  })
})

describe('orderKeyOf', () => {
  test('is one for a pull request and its comments, and none for anything else', () => {
    const pull = { ...PLACE, pull_request: { number: 3 } }

    expect(orderKeyOf(pull)).toBe('pull_request:42:3')
    expect(orderKeyOf(commented('created', COMMENT))).toBe('pull_request:42:3')
    expect(orderKeyOf({ ...PLACE, issue: { number: 3 } })).toBeNull()
  })
})

function commented(action: string, comment: object) {
  return { ...PLACE, action, issue: { number: 3, pull_request: {} }, comment }
}
