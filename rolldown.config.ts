import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin, RolldownOptions } from 'rolldown'

/** The Action as GitHub runs it: one file without anything to install. `npm run bundle` writes it. */
export default {
  input: 'action/main.ts',
  platform: 'node',
  tsconfig: false,
  plugins: [licences()],
  // `action/dist/` is committed and compared in test/action/bundle.test.ts, so nothing in it may depend on the machine.
  output: {
    dir: 'action/dist',
    entryFileNames: 'main.js',
    format: 'esm',
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false },
    cleanDir: true,
  },
} satisfies RolldownOptions

/** Writes the licence of every package that is bundled beside the bundle, as the licences demand. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle() {
      const folders = [...this.getModuleIds()].flatMap(
        (id) =>
          /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id.replace(/^\0/, ''))?.[0] ?? [],
      )
      const texts = [...new Set(folders)].map(licenceOf).sort()
      const source = `${[...new Set(texts)].join(`\n${'-'.repeat(80)}\n\n`)}`
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source })
    },
  }
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
  const text =
    file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : ''
  return `${name} ${version} (${license})\n\n${text.replaceAll('\r\n', '\n').trim()}\n`
}
