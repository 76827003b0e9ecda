import { describe, expect, test } from 'vitest'
import { bindHead } from '../../../bot/command/bind.ts'
import { parseCommitSha } from '../../../src/deploy/request.ts'

const OLD = parseCommitSha('a'.repeat(40))
const NEW = parseCommitSha('b'.repeat(40))
const REVIEWED = { head: OLD, filesDigest: 'schema 1' }

describe('bindHead', () => {
  test('keeps to the head that was reviewed, without asking for its files', async () => {
    const head = {
      sha: OLD,
      filesDigest: async () => {
        throw new Error('nobody needs to know')
      },
    }

    expect(await bindHead(REVIEWED, head, null)).toBe(OLD)
    expect(await bindHead(REVIEWED, head, OLD.slice(0, 7))).toBe(OLD)
  })

  test('goes on to a head with the same schema files', async () => {
    const head = { sha: NEW, filesDigest: async () => 'schema 1' }

    expect(await bindHead(REVIEWED, head, null)).toBe(NEW)
    expect(await bindHead(REVIEWED, head, OLD)).toBe(NEW)
    expect(await bindHead(REVIEWED, head, NEW.slice(0, 9))).toBe(NEW)
  })

  test.each([
    ['another schema', 'schema 2'],
    ['files that cannot be listed', null],
  ])('refuses a head with %s, naming both commits', async (_what, digest) => {
    const head = { sha: NEW, filesDigest: async () => digest }

    await expect(bindHead(REVIEWED, head, null)).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
      message: expect.stringMatching(/aaaaaaa.*bbbbbbb/),
    })
  })

  test('refuses a command that names a third commit', async () => {
    const head = { sha: OLD, filesDigest: async () => 'schema 1' }

    await expect(bindHead(REVIEWED, head, 'c0ffee0')).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
      message: expect.stringContaining('c0ffee0'),
    })
  })
})
