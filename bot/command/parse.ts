import { parseRevertWindow } from '../../src/deploy/config.ts'
import { Refusal } from '../../src/errors.ts'
import { findRule, unknownRule } from '../../src/lint/rules.ts'
import { closestWord } from './closest-word.ts'
import { OPTIONS, type OptionName, PREFIX, usageOf, VERBS, type Verb, WORDS } from './grammar.ts'
import { commandLines } from './lines.ts'

/** A command as it was written; nothing of it has been looked up. */
export type Command = {
  readonly verb: Verb
  /** The production branch it names, as `branch` or `database/branch`; null for the only one. */
  readonly branch: string | null
  /** 0–95, for `throttle`; null for every other verb. */
  readonly ratio: number | null
  /** The commit whose plan is meant, perhaps shortened; null when any head with this plan will do. */
  readonly at: string | null
  readonly cutover: 'auto' | 'hold' | null
  /** How long the change can be reverted; `off` for not at all; null for what the configuration says. */
  readonly revertWindow: { readonly ms: number } | 'off' | null
  /** How the tables are changed; null for what is usual. */
  readonly method: 'shadow' | 'instant' | null
  /** Whether whoever is in the way of the cutover may be ended. */
  readonly force: boolean
  readonly confirm: string | null
  /** The rule whose findings may stand, and why; null for every verb but `accept`. */
  readonly acceptance: { readonly rule: string; readonly reason: string } | null
}

/** A command of which nothing is said but the verb. */
export const BARE: Omit<Command, 'verb'> = {
  branch: null,
  ratio: null,
  at: null,
  cutover: null,
  revertWindow: null,
  method: null,
  force: false,
  confirm: null,
  acceptance: null,
}

/** A comment that holds a command is at most this long; a longer one is refused, never cut. */
export const COMMENT_LIMIT_BYTES = 8 * 1024

/**
 * The commands of a comment, in order; none when it holds none. At most one of them changes anything.
 *
 * Linear in the length of the text: every line is looked at once and every word of a command line once.
 * Quotes, code, HTML comments and lines with anything before the slash hold no commands, and neither does a
 * line whose first word is not close to one of ours: paths and other bots' commands are none of our business.
 *
 * @throws {Refusal} COMMAND_UNKNOWN, COMMAND_INVALID or COMMAND_AMBIGUOUS; then nothing of the comment runs.
 */
export function parseComment(body: string): readonly Command[] {
  const commands = new Map<Verb, Command>()
  for (const line of commandLines(body)) {
    const command = parseLine(line)
    if (!command) continue
    if (Buffer.byteLength(body) > COMMENT_LIMIT_BYTES) throw tooLong()
    const other = [...commands.values()].find(({ verb }) => VERBS[verb].mutates)
    if (other && VERBS[command.verb].mutates) throw ambiguous(other.verb, command.verb)
    commands.set(command.verb, command)
  }
  return [...commands.values()]
}

/** The command of one line, or null when it is nothing of ours. */
function parseLine(line: string): Command | null {
  const [first = '', ...rest] = line.slice(1).split(/\s+/)
  const prefixed = first.toLowerCase() === PREFIX
  const [word = '', ...words] = prefixed ? rest : [first, ...rest]
  const verb = WORDS.get(word.toLowerCase())
  if (verb) return parseWords(verb, words)
  const meant = closestWord(word.toLowerCase())
  if (prefixed || meant) throw unknown(prefixed ? `/${PREFIX} ${word}`.trim() : `/${word}`, meant)
  return null
}

function parseWords(verb: Verb, words: readonly string[]): Command {
  if (VERBS[verb].givesReason) return parseAcceptance(verb, words)
  const options = parseOptions(
    verb,
    words.filter((word) => OPTION.test(word)),
  )
  const value = parseArgument(
    verb,
    words.filter((word) => !OPTION.test(word)),
  )
  return {
    ...BARE,
    verb,
    branch: VERBS[verb].argument?.name === 'branch' && value ? parseBranch(verb, value) : null,
    ratio: VERBS[verb].argument?.name === 'ratio' && value ? parseRatio(verb, value) : null,
    at: matching(verb, 'at', options.at, /^[0-9a-f]{7,40}$/i)?.toLowerCase() ?? null,
    cutover: parseCutover(verb, options.cutover),
    revertWindow: parseRevert(verb, options.revert),
    method: parseMethod(verb, options.method),
    force: matching(verb, 'force', options.force, /^blockers$/) !== null,
    confirm: matching(verb, 'confirm', options.confirm, /^[\w-]{1,32}$/)?.toUpperCase() ?? null,
  }
}

const MAX_REASON = 300

/** A branch when the second word is the rule, then the rule; the rest is prose. */
function parseAcceptance(verb: Verb, words: readonly string[]): Command {
  const at = words[1] !== undefined && findRule(words[1]) && !findRule(words[0] ?? '') ? 1 : 0
  const [rule = '', ...rest] = words.slice(at)
  if (rule === '') throw invalid(verb, 'needs a rule and a reason')
  if (!findRule(rule))
    throw invalid(verb, `is followed by ${quote(rule)}, which ${unknownRule(rule)}`)
  const reason = rest.join(' ')
  if (reason === '') throw invalid(verb, `gives no reason for ${quote(rule)}`)
  if (reason.length > MAX_REASON)
    throw invalid(verb, `takes a reason of ${MAX_REASON} characters at most`)
  const branch = at === 1 ? parseBranch(verb, words[0] ?? '') : null
  return { ...BARE, verb, branch, acceptance: { rule, reason } }
}

const OPTION = /^([\w-]+)=(.*)$/

function parseOptions(
  verb: Verb,
  words: readonly string[],
): Readonly<Partial<Record<OptionName, string>>> {
  const given: Partial<Record<OptionName, string>> = {}
  for (const word of words) {
    const [, name = '', value = ''] = OPTION.exec(word) ?? []
    const known = VERBS[verb].options.find((option) => option === name)
    if (!known) throw invalid(verb, `has no option ${quote(name)}`)
    if (given[known] !== undefined) throw invalid(verb, `was given ${name}= twice`)
    given[known] = value
  }
  return given
}

/** The one word that may follow the verb; more is prose, and prose could change what was meant. */
function parseArgument(verb: Verb, words: readonly string[]): string | null {
  const { argument } = VERBS[verb]
  const [value = null, more = null] = words
  if (!argument && value !== null) throw invalid(verb, `takes no ${quote(value)}`)
  if (more !== null) throw invalid(verb, `is followed by ${quote(more)}`)
  if (argument?.required && value === null) throw invalid(verb, `needs its ${argument.name}`)
  return value
}

function parseBranch(verb: Verb, word: string): string {
  if (/^[a-z0-9][\w.-]*(\/[\w.-]+)?$/i.test(word) && word.length <= 129) return word
  throw invalid(verb, `is followed by ${quote(word)}, which is not the name of a branch`)
}

const MAX_RATIO = 95

function parseRatio(verb: Verb, word: string): number {
  const ratio = /^(\d{1,3})%?$/.exec(word)?.[1]
  if (ratio !== undefined && Number(ratio) <= MAX_RATIO) return Number(ratio)
  throw invalid(verb, `takes a number from 0 to ${MAX_RATIO}, not ${quote(word)}`)
}

function parseCutover(verb: Verb, value: string | undefined): Command['cutover'] {
  if (value === undefined) return null
  if (value === 'auto' || value === 'hold') return value
  throw invalid(verb, `takes cutover=auto or cutover=hold, not ${quote(value)}`)
}

function parseMethod(verb: Verb, value: string | undefined): Command['method'] {
  if (value === undefined || value === 'shadow' || value === 'instant') return value ?? null
  throw invalid(verb, `takes method=shadow or method=instant, not ${quote(value)}`)
}

function parseRevert(verb: Verb, value: string | undefined): Command['revertWindow'] {
  if (value === undefined) return null
  const ms = parseRevertWindow(value)
  if (ms === undefined) {
    throw invalid(verb, `takes a revert window from 1s to 7d or off, not ${quote(value)}`)
  }
  return ms === null ? 'off' : { ms }
}

function matching(
  verb: Verb,
  name: OptionName,
  value: string | undefined,
  pattern: RegExp,
): string | null {
  if (value === undefined) return null
  if (pattern.test(value)) return value
  throw invalid(verb, `takes ${OPTIONS[name].form}, not ${quote(value)}`)
}

const SHOWN_CHARACTERS = 40

/** The writer's own word, short enough for a sentence. The renderer makes it harmless. */
function quote(word: string): string {
  return `“${word.length > SHOWN_CHARACTERS ? `${word.slice(0, SHOWN_CHARACTERS)}…` : word}”`
}

function unknown(written: string, meant: string | null): Refusal {
  return new Refusal('COMMAND_UNKNOWN', `There is no command ${quote(written)}.`, {
    next: meant ? `Did you mean \`/${meant}\`?` : 'Comment `/help` for the list of commands.',
  })
}

function invalid(verb: Verb, what: string): Refusal {
  return new Refusal('COMMAND_INVALID', `The command /${verb} ${what}.`, {
    next: `Write \`${usageOf(verb)}\` on a line of its own.`,
  })
}

function ambiguous(one: Verb, other: Verb): Refusal {
  const what = one === other ? `/${one} twice` : `/${one} and /${other}`
  return new Refusal('COMMAND_AMBIGUOUS', `The comment holds ${what}, so neither was run.`, {
    next: 'Write one command that changes something per comment.',
  })
}

function tooLong(): Refusal {
  return new Refusal(
    'COMMAND_INVALID',
    `A comment with a command may have ${COMMENT_LIMIT_BYTES} bytes at most.`,
    { next: 'Write the command in a comment of its own.' },
  )
}
