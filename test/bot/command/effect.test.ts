import { describe, expect, test } from 'vitest'
import { effectOf } from '../../../bot/command/effect.ts'
import { parseComment } from '../../../bot/command/parse.ts'
import { DEFAULT_BRANCH } from '../../../src/deploy/config.ts'
import {
  type Deployment,
  type DeploymentState,
  newDeployment,
} from '../../../src/deploy/deployment.ts'
import { Refusal } from '../../../src/errors.ts'

const AT = new Date('2026-03-01T10:00:00Z')

describe('effectOf', () => {
  test('what every command does to a deployment that is ready', () => {
    const lines = [
      '/stage',
      '/deploy',
      '/deploy cutover=hold revert=off',
      '/deploy method=instant',
      '/deploy method=instant revert=1h',
      '/cutover',
      '/cancel',
    ]

    expect(lines.map((line) => `${line} → ${shown(line, 'ready')}`)).toMatchInlineSnapshot(`
      [
        "/stage → {"type":"enqueued","autoCutover":false,"revertWindowMs":1800000}",
        "/deploy → {"type":"enqueued","autoCutover":true,"revertWindowMs":1800000}",
        "/deploy cutover=hold revert=off → {"type":"enqueued","autoCutover":false,"revertWindowMs":null}",
        "/deploy method=instant → {"type":"enqueued","autoCutover":true,"revertWindowMs":null}",
        "/deploy method=instant revert=1h → COMMAND_INVALID",
        "/cutover → {"type":"cutover_requested"}",
        "/cancel → {"type":"cancel_requested"}",
      ]
    `)
  })

  test('what every command does to a deployment that is being copied', () => {
    const lines = [
      '/deploy',
      '/deploy cutover=hold',
      '/deploy revert=1h',
      '/deploy method=instant',
      '/pause',
      '/resume',
      '/throttle 30',
      '/plan',
      '/status',
    ]

    expect(lines.map((line) => `${line} → ${shown(line, 'in_progress')}`)).toMatchInlineSnapshot(`
      [
        "/deploy → {"type":"cutover_requested"}",
        "/deploy cutover=hold → {"type":"auto_cutover_set","autoCutover":false}",
        "/deploy revert=1h → COMMAND_INVALID",
        "/deploy method=instant → COMMAND_INVALID",
        "/pause → paused null",
        "/resume → resumed null",
        "/throttle 30 → throttled {"ratio":30}",
        "/plan → none",
        "/status → none",
      ]
    `)
  })

  test('refuses to change the pace of what copies no rows', () => {
    expect(shown('/pause', 'pending_cutover')).toBe('DEPLOY_STATE')
    expect(shown('/throttle 10', 'complete')).toBe('DEPLOY_STATE')
  })
})

function shown(line: string, state: DeploymentState): string {
  const [command] = parseComment(line)
  if (!command) throw new Error(`${line} is no command`)
  try {
    const effect = effectOf(command, inState(state), { config: DEFAULT_BRANCH, at: AT })
    if (effect.kind === 'steer') return `${effect.action} ${JSON.stringify(effect.detail)}`
    if (effect.kind !== 'event') return effect.kind
    const { at: _, ...event } = effect.event
    return JSON.stringify(event)
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

/** Only the state is looked at here. */
function inState(state: DeploymentState): Deployment {
  const deployment = newDeployment({ autoCutover: false, revertWindowMs: null }, AT)
  return { ...deployment, state } as Deployment
}
