import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { helpEntries } from '../../../bot/command/comment.ts'
import { OPTIONS } from '../../../bot/command/grammar.ts'

const docs = readFileSync(new URL('../../../docs/commands.md', import.meta.url), 'utf8')

test('docs/commands.md lists every command as the grammar has it', () => {
  for (const { usage, does } of helpEntries()) {
    expect(docs).toContain(`| \`${usage.replaceAll('|', '\\|')}\` | ${does} |`)
  }
})

test('docs/commands.md lists every option as the grammar has it', () => {
  for (const { form, summary } of Object.values(OPTIONS)) {
    expect(docs).toContain(`| \`${form.replaceAll('|', '\\|')}\` | ${summary} |`)
  }
})
