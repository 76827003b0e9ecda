import { writeFileSync } from 'node:fs'
import { renderErrors } from './errors.ts'
import { renderLint } from './lint.ts'

/** Every generated document: its path in the repository, and what makes it. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/errors.md': renderErrors,
  'docs/lint.md': renderLint,
}

if (import.meta.main) {
  for (const [path, render] of Object.entries(DOCUMENTS)) {
    writeFileSync(new URL(`../../${path}`, import.meta.url), render())
    process.stdout.write(`${path}\n`)
  }
}
