import { describe, expect, test } from 'vitest'
import { desiredOf, reactionsOf } from '../../../bot/projector/desired.ts'
import { newDeployment } from '../../../src/deploy/deployment.ts'
import {
  type DeployRequest,
  parseCommitSha,
  parseDeployRequestNumber,
} from '../../../src/deploy/request.ts'
import type { CheckView } from '../../../src/render/check.ts'
import type { AuditEntry } from '../../../src/store/audit.ts'

const AT = new Date('2026-03-01T10:00:00Z')
const A = parseCommitSha('a'.repeat(40))
const B = parseCommitSha('b'.repeat(40))

describe('desiredOf', () => {
  test('shows one comment for all requests, and one check for their head', () => {
    const desired = desiredOf([shown('shop', A), shown('crm', A)])

    expect(desired.comment).toContain('`shop` → `production`')
    expect(desired.comment).toContain('`crm` → `production`')
    expect(desired.checks).toMatchObject([
      {
        headSha: A,
        check: { conclusion: 'success', title: 'No schema change (2 deploy requests)' },
      },
    ])
  })

  test('is never green while a request is of another commit', () => {
    const { checks } = desiredOf([shown('shop', A), shown('crm', B)])

    expect(checks.map(({ headSha, check }) => [headSha, check.status])).toEqual([
      [A, 'queued'],
      [B, 'queued'],
    ])
  })

  test('leaves the check of a closed request as it is', () => {
    expect(desiredOf([shown('shop', A, 'closed')]).checks).toEqual([])
  })
})

describe('reactionsOf', () => {
  test('starts with the command and celebrates when what it asked for has happened', () => {
    const stage = command('stage', 1)
    const deploy = command('deploy', 2)

    expect(reactionsOf([stage])).toEqual([{ commentId: 1, content: 'rocket' }])
    expect(reactionsOf([stage, entry('in_sync'), deploy])).toEqual([
      { commentId: 1, content: 'rocket' },
      { commentId: 1, content: 'hooray' },
      { commentId: 2, content: 'rocket' },
    ])
    expect(reactionsOf([deploy, entry('in_sync'), entry('swapped')])).toHaveLength(2)
  })

  test('does not take what another deployment did for the answer', () => {
    expect(reactionsOf([command('stage', 1), { ...entry('in_sync'), deploymentId: 8 }])).toEqual([
      { commentId: 1, content: 'rocket' },
    ])
  })

  test('is done at once with what leaves the queue or changes the pace', () => {
    const left = { ...entry('cancel_requested'), state: 'cancelled' } as const

    expect(reactionsOf([command('cancel', 1), left])).toHaveLength(2)
    expect(reactionsOf([command('cancel', 1), entry('cancel_requested')])).toHaveLength(1)
    expect(reactionsOf([command('pause', 1)])).toHaveLength(2)
  })

  test('has no reaction for a merge, which is no comment', () => {
    expect(reactionsOf([command('deploy', null), entry('swapped')])).toEqual([])
  })
})

function command(verb: string, commentId: number | null): AuditEntry {
  return { ...entry('command'), detail: { verb, commentId } }
}

function entry(action: string): AuditEntry {
  return {
    deployRequestId: 1,
    deploymentId: 7,
    at: AT,
    by: { actor: 'alice', via: 'comment' },
    action,
    digest: null,
    state: null,
    detail: null,
  }
}

function shown(
  database: string,
  head: DeployRequest['head'],
  state: DeployRequest['state'] = 'open',
): { readonly view: CheckView; readonly audit: readonly AuditEntry[] } {
  const deployment = newDeployment({ autoCutover: false, revertWindowMs: null }, AT)
  return {
    audit: [],
    view: {
      request: {
        id: 1,
        number: parseDeployRequestNumber(1),
        repository: { owner: 'acme', name: 'shop', id: 42 },
        installationId: 815,
        pullRequest: 3,
        database,
        branch: 'production',
        head,
        base: A,
        author: 'alice',
        state,
        createdAt: AT,
        updatedAt: AT,
        closedAt: null,
      },
      deployment: { ...deployment, state: 'no_changes' },
      plan: null,
      review: null,
      progress: null,
      notices: [],
      timeline: [],
      url: null,
      policy: 'on-command',
    },
  }
}
