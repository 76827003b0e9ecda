import type { DeployRequest } from '../../src/deploy/request.ts'
import { Refusal } from '../../src/errors.ts'
import { renderHelp, renderStatus } from '../../src/render/receipt.ts'
import { listDeployRequests } from '../../src/store/deploy-requests.ts'
import type { Ask } from '../events.ts'
import type { Parts } from '../parts.ts'
import { type Answered, answerQuestion, answerRefusal } from '../projector/answers.ts'
import type { RepositoryClient } from '../projector/github.ts'
import { writeReaction } from '../projector/reconcile.ts'
import { showRequest } from '../projector/show.ts'
import { authorize } from './authorize.ts'
import { execute } from './execute.ts'
import { usageOf, VERBS, type Verb } from './grammar.ts'
import { type Command, parseComment } from './parse.ts'

/** A command that lay about for longer may no longer be meant: somebody else decided, or gave up waiting. */
const STALE_MS = 15 * 60_000

export type CommentCall = {
  readonly ask: Ask & { readonly kind: 'comment' }
  /** False when this delivery was begun before and is repeated. */
  readonly isFirst: boolean
}

type Calling = Answered & {
  readonly commentId: number
  readonly login: string
  readonly client: RepositoryClient
}

/** Runs the commands of a comment, in order, until one is refused; a comment without one gets no answer. */
export async function onComment(parts: Parts, { ask, isFirst }: CommentCall): Promise<void> {
  const { pull, comment } = ask
  const commands = readCommands(comment.body)
  if (Array.isArray(commands) && commands.length === 0) return
  const client = await parts.github(pull)
  const subject = `receipt:${pull.repositoryId}:${comment.id}`
  const answered = { client, pull, subject, command: null, commentId: comment.id }
  const calling: Calling = { ...answered, login: comment.author.login }
  try {
    if (commands instanceof Refusal) throw commands
    await writeReaction(parts, calling, { commentId: comment.id, content: 'eyes' })
    if (isFirst) refuseStale(parts, comment.createdAt)
    for (const command of commands) await runOne(parts, calling, command)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    await answerRefusal(parts, { ...answered, command: shownCommand(commands) }, error)
  }
}

function readCommands(body: string): readonly Command[] | Refusal {
  try {
    return parseComment(body)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function shownCommand(commands: readonly Command[] | Refusal): string | null {
  if (commands instanceof Refusal) return null
  return commands.map(({ verb }) => `/${verb}`).join(' ')
}

function refuseStale({ clock }: Parts, createdAt: Date): void {
  const ageMs = clock.now().getTime() - createdAt.getTime()
  if (ageMs <= STALE_MS) return
  const minutes = Math.round(ageMs / 60_000)
  throw new Refusal('COMMAND_STALE', `The command was ${minutes} minutes old when it was read.`, {
    next: 'Look at `/status`, and give the command again if it is still meant.',
  })
}

async function runOne(parts: Parts, calling: Calling, command: Command): Promise<void> {
  if (!VERBS[command.verb].mutates) {
    await answer(parts, calling, command)
    return
  }
  const request = pickRequest(await openRequests(parts, calling), command)
  const { client, login, commentId } = calling
  await execute(parts, { command, request, login, client, source: { via: 'comment', commentId } })
}

async function answer(parts: Parts, calling: Calling, { verb, branch }: Command): Promise<void> {
  const { client, login } = calling
  authorize(verb, login, { permission: await client.readPermission(login), isDeployer: true })
  const answered = { ...calling, subject: `${calling.subject}:${verb}` }
  if (verb === 'help') {
    await answerQuestion(parts, answered, renderHelp(helpEntries()))
    return
  }
  const requests = await allRequests(parts, calling)
  const wanted = requests.filter((request) => branch === null || isNamed(request, branch))
  const views = await Promise.all(wanted.map((request) => showRequest(parts.store, request)))
  const known = views.filter((view) => view !== null)
  await answerQuestion(parts, answered, renderStatus(known))
}

/** The commands as `/help` and docs/commands.md list them. */
export function helpEntries(): { readonly usage: string; readonly does: string }[] {
  // Sound: the keys of VERBS are the verbs.
  return (Object.keys(VERBS) as Verb[]).map((verb) => {
    const { aliases, summary } = VERBS[verb]
    const also = aliases.map((alias) => ` Also \`/${alias}\`.`).join('')
    return { usage: usageOf(verb), does: `${summary}${also}` }
  })
}

async function allRequests({ store }: Parts, { pull }: Calling): Promise<DeployRequest[]> {
  const key = { repositoryId: pull.repositoryId, pullRequest: pull.number }
  return await listDeployRequests(store, key)
}

async function openRequests(parts: Parts, calling: Calling): Promise<DeployRequest[]> {
  return (await allRequests(parts, calling)).filter(({ state }) => state === 'open')
}

/**
 * The one deploy request that a command means.
 *
 * @throws {Refusal} NOT_FOUND when there is none, COMMAND_INVALID when there are several.
 */
export function pickRequest(requests: readonly DeployRequest[], command: Command): DeployRequest {
  const { verb, branch } = command
  const named = requests.filter((one) => branch === null || isNamed(one, branch))
  const [request, another] = named
  if (request && !another) return request
  const choices = requests.map((one) => `${one.database}/${one.branch}`)
  if (requests.length === 0) {
    throw new Refusal('NOT_FOUND', 'This pull request has no open deploy request.', {
      next: 'Wait until the Action has run on a commit that changes the schema.',
    })
  }
  throw new Refusal(
    'COMMAND_INVALID',
    another
      ? `/${verb} could mean ${named.length} deploy requests.`
      : `This pull request has no deploy request for ${branch}.`,
    { next: `Name one of them: ${choices.map((name) => `\`/${verb} ${name}\``).join(', ')}.` },
  )
}

function isNamed({ database, branch }: DeployRequest, name: string): boolean {
  return name === branch || name === `${database}/${branch}` || name === database
}
