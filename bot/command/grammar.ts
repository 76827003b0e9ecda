/**
 * The commands as data: the parser, `/help` and docs/commands.md all come from here.
 *
 * A command is a line of its own that starts with `/`, in a new comment on a pull request:
 *
 *     /<verb> [argument] [option=value …]        or        /schema <verb> …
 */

export type Verb =
  | 'stage'
  | 'deploy'
  | 'cutover'
  | 'cancel'
  | 'pause'
  | 'resume'
  | 'retry'
  | 'revert'
  | 'skip-revert'
  | 'throttle'
  | 'accept'
  | 'plan'
  | 'status'
  | 'help'

export type OptionName = 'at' | 'cutover' | 'revert' | 'method' | 'force' | 'confirm'

export type VerbRule = {
  readonly aliases: readonly string[]
  /** What may or must follow the verb, or null. */
  readonly argument: { readonly name: 'branch' | 'ratio'; readonly required: boolean } | null
  /** Whether a rule of lint follows the argument, and then a reason to the end of the line. */
  readonly givesReason?: true
  readonly options: readonly OptionName[]
  /** Changes the deployment; a comment may hold one such command. */
  readonly mutates: boolean
  /** The least that the person must be allowed to do in the repository. */
  readonly permission: 'read' | 'write'
  readonly summary: string
}

export const PREFIX = 'schema'

const change = { mutates: true, permission: 'write' } as const
const question = { mutates: false, permission: 'read', aliases: [] } as const
const branch = { name: 'branch', required: false } as const

export const VERBS: Readonly<Record<Verb, VerbRule>> = {
  stage: {
    ...change,
    aliases: [],
    argument: branch,
    options: ['at', 'revert', 'method', 'confirm'],
    summary: 'Build the shadow tables, keep them in sync and hold at the gate.',
  },
  deploy: {
    ...change,
    aliases: [],
    argument: branch,
    options: ['at', 'cutover', 'revert', 'method', 'confirm'],
    summary: 'Stage if needed, then cut over as soon as everything is in sync.',
  },
  cutover: {
    ...change,
    aliases: ['apply'],
    argument: branch,
    options: ['at', 'force', 'confirm'],
    summary: 'Swap the tables now, or as soon as they are in sync.',
  },
  cancel: {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary: 'Discard the shadow tables, at any time before the cutover.',
  },
  pause: {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary: 'Rest the row copy; changes are still kept in sync.',
  },
  resume: {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary: 'Go on with the row copy.',
  },
  retry: {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary: 'Queue a deployment again that failed before its cutover.',
  },
  revert: {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary:
      'Swap back to the old schema with the rows written since, while the revert window is open.',
  },
  'skip-revert': {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary: 'End the revert window now and keep the change.',
  },
  throttle: {
    ...change,
    aliases: [],
    argument: { name: 'ratio', required: true },
    options: [],
    summary: 'Let the row copy rest for this share of the time, 0 to 95 percent.',
  },
  accept: {
    ...change,
    aliases: [],
    argument: branch,
    givesReason: true,
    options: [],
    summary:
      'Let stand what a rule of lint found in this plan, for the reason given. Another plan needs it again.',
  },
  plan: {
    ...change,
    aliases: [],
    argument: branch,
    options: [],
    summary: 'Check the plan again against the production schema of now.',
  },
  status: { ...question, argument: branch, options: [], summary: 'Say where the deployment is.' },
  help: { ...question, argument: null, options: [], summary: 'List the commands.' },
}

export type OptionRule = { readonly form: string; readonly summary: string }

export const OPTIONS: Readonly<Record<OptionName, OptionRule>> = {
  at: {
    form: 'at=<commit>',
    summary: 'Only if the reviewed plan is of this commit (7 to 40 digits).',
  },
  cutover: { form: 'cutover=auto|hold', summary: 'Cut over when in sync, or wait at the gate.' },
  revert: {
    form: 'revert=30m|off',
    summary: 'How long the change can be reverted (s, m, h or d; 7 days at most).',
  },
  method: {
    form: 'method=shadow|instant',
    summary: 'Copy the tables, or change them at once: without a copy and without a way back.',
  },
  force: {
    form: 'force=blockers',
    summary: 'End the connections that are still in the way of the cutover after three tries.',
  },
  confirm: {
    form: 'confirm=<code>',
    summary: 'The code in the comment, for a plan that drops data.',
  },
}

/** Every word that may follow the slash, alone or after `/schema `. */
export const WORDS: ReadonlyMap<string, Verb> = new Map(
  // Sound: the keys of VERBS are the verbs.
  (Object.keys(VERBS) as Verb[]).flatMap((verb) =>
    [verb, ...VERBS[verb].aliases].map((word): [string, Verb] => [word, verb]),
  ),
)

/** How the command is written: `/throttle <ratio>`, `/deploy [branch] [at=<commit>] …`. */
export function usageOf(verb: Verb): string {
  const { argument, givesReason, options } = VERBS[verb]
  const words = [`/${verb}`]
  if (argument) words.push(argument.required ? `<${argument.name}>` : `[${argument.name}]`)
  if (givesReason) words.push('<rule> <reason>')
  return [...words, ...options.map((name) => `[${OPTIONS[name].form}]`)].join(' ')
}
