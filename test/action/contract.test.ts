import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { INPUTS } from '../../action/inputs.ts'
import { OUTPUTS } from '../../action/outputs.ts'

type Metadata = {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>
  readonly outputs: Readonly<Record<string, { readonly description: string }>>
  readonly runs: { readonly using: string; readonly main: string }
}

describe('action.yml', () => {
  const metadata: Metadata = parse(readFileSync('action.yml', 'utf8'))

  test('declares exactly the inputs that are read', () => {
    expect(Object.keys(metadata.inputs).sort()).toEqual([...INPUTS].sort())
  })

  test('declares exactly the outputs that are written', () => {
    expect(Object.keys(metadata.outputs).sort()).toEqual([...OUTPUTS].sort())
  })

  test('runs the bundle on Node 24', () => {
    expect(metadata.runs).toEqual({ using: 'node24', main: 'action/dist/main.js' })
  })
})
