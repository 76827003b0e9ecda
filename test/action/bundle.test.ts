import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import { describe, expect, test } from 'vitest'
import config from '../../rolldown.config.ts'

const run = promisify(execFile)

describe('action/dist', () => {
  test('is what the sources build to (else: npm run bundle)', async () => {
    const { output, ...input } = config
    await using build = await rolldown(input)

    const built = await build.generate(output)

    const files = built.output.map((file) => ({
      name: file.fileName,
      text: file.type === 'chunk' ? file.code : file.source.toString(),
    }))
    expect(files.map(({ name }) => name).sort()).toEqual(['licences.txt', 'main.js'])
    expect(readdirSync('action/dist').sort()).toEqual(['licences.txt', 'main.js'])
    // Compared as a truth value: a megabyte of difference would help nobody.
    const stale = files.filter(
      ({ name, text }) => text !== readFileSync(`action/dist/${name}`, 'utf8'),
    )
    expect(stale.map(({ name }) => name)).toEqual([])
  }, 60_000)

  test('says what is missing when it is not run by a workflow', async () => {
    const outcome = await run(process.execPath, ['action/dist/main.js'], { env: {} }).then(
      () => null,
      (error: { readonly code: number; readonly stdout: string }) => error,
    )

    expect(outcome).toMatchObject({
      code: 1,
      stdout:
        '::error::INPUT_INVALID: The environment does not say which event this is.%0ARun this as a step of a GitHub workflow; on your own machine use `npx crossfade diff FROM TO`.\n',
    })
  })
})
