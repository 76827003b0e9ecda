import { setOutput } from '@actions/core'

/** Every output that action.yml declares, by name. */
export const OUTPUTS = [
  'changed',
  'deploy-request',
  'deploy-request-url',
  'state',
  'digest',
  'ddl',
] as const

/** A value for each output; empty where there is nothing to say. */
export type Outputs = { readonly [Name in (typeof OUTPUTS)[number]]: string }

/** Hands the outputs to the runner, which keeps them for later steps. */
export function writeOutputs(outputs: Outputs): void {
  for (const name of OUTPUTS) setOutput(name, outputs[name])
}
