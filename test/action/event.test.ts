import { describe, expect, test } from 'vitest'
import { parseEvent } from '../../action/event.ts'

const BASE = 'a'.repeat(40)
const HEAD = 'b'.repeat(40)

function payload(headRepository: { readonly id: number } | null = { id: 7 }) {
  return {
    action: 'synchronize',
    repository: { id: 7, name: 'shop', owner: { login: 'acme' } },
    pull_request: {
      number: 12,
      base: { sha: BASE, repo: { id: 7 } },
      head: { sha: HEAD, repo: headRepository },
    },
  }
}

describe('parseEvent', () => {
  test('reads a pull request of the repository itself', () => {
    expect(parseEvent('pull_request', payload())).toEqual({
      owner: 'acme',
      repo: 'shop',
      number: 12,
      baseSha: BASE,
      headSha: HEAD,
      isFork: false,
    })
  })

  test.each([{ id: 8 }, null])('knows a fork by the repository of its head: %o', (repository) => {
    expect(parseEvent('pull_request', payload(repository)).isFork).toBe(true)
  })

  test.each(['pull_request_target', 'workflow_run', 'issue_comment'])(
    'refuses %s, which lends the rights of the repository to anybody',
    (name) => {
      expect(() => parseEvent(name, payload())).toThrow(
        expect.objectContaining({
          code: 'EVENT_UNSAFE',
          next: expect.stringMatching(/pull_request/),
        }),
      )
    },
  )

  test('refuses an event that is about no pull request', () => {
    expect(() => parseEvent('push', {})).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
  })

  test.each([
    null,
    {},
    { ...payload(), repository: { id: '7', name: 'shop', owner: { login: 'acme' } } },
    { ...payload(), pull_request: { ...payload().pull_request, base: { sha: 'main' } } },
  ])('refuses a payload it cannot read', (event) => {
    expect(() => parseEvent('pull_request', event)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    )
  })
})
