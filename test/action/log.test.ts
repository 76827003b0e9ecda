import { describe, expect, test } from 'vitest'
import { inert } from '../../action/log.ts'

describe('inert', () => {
  test.each([
    ['plain words', 'plain words'],
    ['::add-mask::x', '| ::add-mask::x'],
    ['  \t::error::x', '|   \t::error::x'],
    ['first\n::set-output name=a::b', 'first\n| ::set-output name=a::b'],
    ['first\r::warning::x', 'first\n| ::warning::x'],
    ['\u200b::error::x', '| ::error::x'],
    ['\u001b[31m::error::x', '[31m::error::x'],
    ['words ##[error]x', 'words # #[error]x'],
    ['#\u200b#[error]x', '# #[error]x'],
    ['App\\Model::find()', 'App\\Model::find()'],
  ])('makes %j harmless', (untrusted, shown) => {
    expect(inert(untrusted)).toBe(shown)
  })
})
