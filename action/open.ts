import { readFile } from 'node:fs/promises'
import { getIDToken, notice, summary, warning } from '@actions/core'
import { type Config, parseConfig } from '../src/deploy/config.ts'
import type { Failure } from '../src/deploy/deployment.ts'
import { parseCommitSha } from '../src/deploy/request.ts'
import type { SubmissionAnswer } from '../src/deploy/submission.ts'
import { Refusal } from '../src/errors.ts'
import type { LintResult } from '../src/lint/lint.ts'
import type { ProposalView } from '../src/render/proposal.ts'
import { renderSummary } from '../src/render/summary.ts'
import { annotateFindings } from './annotations.ts'
import { submit } from './bot-client.ts'
import { keepComment } from './comment.ts'
import { type FileSource, findMergeBase, findPath, readCommitFile } from './commit-files.ts'
import { compare, type Database } from './compare.ts'
import { findUrls } from './database-urls.ts'
import { type PullRequest, parseEvent } from './event.ts'
import { openGitHub } from './github.ts'
import type { Inputs } from './inputs.ts'
import { log } from './log.ts'
import { type Outputs, writeOutputs } from './outputs.ts'
import { type Commits, readCommits, readDatabases } from './schemas.ts'
import { openScratch, type ScratchSession } from './scratch.ts'

/** What a run found out about one database. */
type Result = {
  readonly proposal: ProposalView
  /** What the bot answered; null where it was not asked. */
  readonly answer: SubmissionAnswer | null
}

/**
 * Says what the pull request does to every database's schema: to the bot, which opens or updates the deploy
 * requests, or without one in a comment. Returns why a deploy check failed; nothing when all is well. A finding of lint
 * that is an error fails the step by itself.
 *
 * @throws {Refusal} when event, config or schema files are refused, or the bot is.
 */
export async function open(inputs: Inputs): Promise<readonly Failure[]> {
  const event: unknown = JSON.parse(await readFile(inputs.eventPath, 'utf8'))
  const pull = parseEvent(inputs.eventName, event)
  const botUrl = findBot(inputs, pull)
  const source: FileSource = { github: openGitHub(inputs, pull), workspace: inputs.workspace }
  const head = parseCommitSha(pull.headSha)
  const base = parseCommitSha(await findMergeBase(source.github, pull.baseSha, head))
  const databases = databasesIn(await readConfig(source, head, inputs.configPath))
  const results = await examine(inputs, source, { commits: { base, head }, databases, botUrl })
  if (botUrl === null) await comment(source, pull, results)
  for (const { proposal } of results) annotateFindings(proposal.lint.findings)
  for (const result of results) summary.addRaw(renderSummary(result), true)
  await summary.write()
  writeOutputs(outputsOf(results))
  return results.flatMap(({ answer }) => answer?.errors ?? [])
}

/**
 * The bot to submit to, or null for a check on its own. A pull request from a fork gets no OIDC token from GitHub,
 * so that strangers cannot open deploy requests.
 *
 * @throws {Refusal} PERMISSION_DENIED when the workflow forgot to ask for the right to get one.
 */
function findBot({ botUrl, mayIdentify }: Inputs, { isFork }: PullRequest): string | null {
  if (botUrl === null || mayIdentify) return botUrl
  if (!isFork) {
    throw new Refusal('PERMISSION_DENIED', 'The job may not prove to the bot which run it is.', {
      next: 'Add `id-token: write` to the `permissions:` of the job.',
    })
  }
  notice(
    'The pull request is from a fork, so no deploy request was opened: this is only a check. A maintainer can push the branch to this repository to deploy it.',
  )
  return null
}

/** The config file of the head: what it says of the schema is part of what is proposed. Rights come from the bot. */
async function readConfig(source: FileSource, head: string, path: string): Promise<Config> {
  const file = await readCommitFile(source, head, path)
  if (file) return parseConfig(file.text)
  throw new Refusal('CONFIG_INVALID', `The pull request's head has no ${path}.`, {
    next: `Commit it:\n\nversion: 1\ndatabases:\n  shop:\n    schema: schema/shop`,
  })
}

function databasesIn({ databases }: Config): Database[] {
  return Object.entries(databases).map(([database, { source, lint }]) => ({
    database,
    source,
    levels: lint,
  }))
}

const NOTHING_FOUND: LintResult = { findings: [], accepted: [] }

type Task = {
  readonly commits: Commits
  readonly databases: readonly Database[]
  readonly botUrl: string | null
}

async function examine(
  inputs: Inputs,
  source: FileSource,
  { commits, databases, botUrl }: Task,
): Promise<Result[]> {
  await using resources = new AsyncDisposableStack()
  const results: Result[] = []
  // Started for the first database that needs it.
  let scratch: ScratchSession | null = null
  const session = async () => {
    scratch ??= resources.use(await openScratch(inputs.scratch))
    return scratch.session
  }
  for (const place of databases) {
    const isChanged = await hasChanged(source, commits, place)
    const unchanged = {
      ...commits,
      database: place.database,
      operations: [],
      errors: [],
      lint: NOTHING_FOUND,
      diagram: '',
    }
    if (!isChanged && botUrl === null) {
      results.push({ proposal: unchanged, answer: null })
      continue
    }
    const schemas =
      place.source.kind === 'database'
        ? await readDatabases(findUrls(place.database, inputs))
        : await readCommits(source, commits, place.source, await session())
    const { submission, operations, lint, diagram } = compare(commits, place, schemas)
    // The bot is told also that nothing changes: its required check waits for that.
    const answer =
      botUrl === null
        ? null
        : await submit({ url: botUrl, identify: () => getIDToken(botUrl) }, submission)
    results.push({ proposal: { ...unchanged, operations, lint, diagram }, answer })
  }
  return results
}

/** A database may have changed at any time; files have where git says so. */
async function hasChanged(files: FileSource, { base, head }: Commits, place: Database) {
  const { database, source } = place
  if (source.kind === 'database') return true
  const [before, after] = await Promise.all([
    findPath(files, base, source.path),
    findPath(files, head, source.path),
  ])
  log(`${database}: ${source.path} ${before === after ? 'is unchanged' : 'has changed'}.`)
  return before !== after
}

async function comment({ github }: FileSource, pull: PullRequest, results: readonly Result[]) {
  if (pull.isFork) return
  for (const { proposal } of results) {
    const outcome = await keepComment(github, pull.number, proposal)
    log(`${proposal.database}: comment ${outcome}.`)
    if (outcome === 'forbidden') {
      warning(
        'The token may not comment on the pull request. Add `pull-requests: write` to the `permissions:` of the job.',
      )
    }
  }
}

/** Where there are several databases, an output has a line for each. */
function outputsOf(results: readonly Result[]): Outputs {
  const answers = results.flatMap(({ answer }) => answer ?? [])
  const lines = (pick: (answer: SubmissionAnswer) => string | number | null) =>
    answers.map((answer) => pick(answer) ?? '').join('\n')
  const operations = results.flatMap(({ proposal }) => proposal.operations)
  return {
    changed: String(operations.length > 0),
    'deploy-request': lines(({ number }) => number),
    'deploy-request-url': lines(({ url }) => url),
    state: lines(({ state }) => state),
    digest: lines(({ digest }) => digest),
    ddl: operations.map(({ statement }) => `${statement};`).join('\n'),
  }
}
