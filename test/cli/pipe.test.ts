import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

test('the command ends without a word when nobody reads its output any more', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()

  const [[status], said] = await Promise.all([once(child, 'exit'), text(child.stderr)])

  expect({ status, said }).toEqual({ status: 141, said: '' })
})
