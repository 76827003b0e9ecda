import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { GitHub } from './github/github.ts'
import type { WorkflowRun } from './github/workflow-run.ts'

/** What a step of a workflow left behind. */
export type ActionResult = {
  readonly exitCode: number | null
  /** The log of the step, with the commands to the runner in it. */
  readonly stdout: string
  readonly stderr: string
  readonly outputs: Readonly<Record<string, string>>
  /** Markdown. */
  readonly summary: string
}

export type ActionOptions = {
  /** What the workflow sets under `with`; the rest is as action.yml says. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Whether the job has `id-token: write`; it has by default. */
  readonly mayIdentify?: boolean
  /** Whether actions/checkout ran before; it did by default. */
  readonly checkout?: boolean
  /** Variables of the machine; by default those of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Another program than the bundle of this repository. */
  readonly main?: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The files by which a step speaks to its runner; they exist, empty, before it starts. */
const FILES = ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY', 'GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH']

/** Runs the bundled Action for the present head of a pull request, as the runner of its workflow would. */
export async function runAction(
  github: GitHub,
  pull: number,
  options: ActionOptions = {},
): Promise<ActionResult> {
  const run = await github.startWorkflowRun(pull)
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-action-'))
  try {
    const workspace = join(folder, 'workspace')
    await mkdir(workspace)
    if (options.checkout ?? true) await checkOut(github, run.sha, workspace)
    await writeFile(join(folder, 'event.json'), JSON.stringify(run.event))
    for (const name of FILES) await writeFile(join(folder, name), '')
    const child = spawn(process.execPath, [options.main ?? (await bundle())], {
      cwd: workspace,
      env: {
        ...ofTheMachine(options.env ?? process.env),
        ...ofTheRun(github, run, folder),
        ...(await inputVariables(run, options.inputs ?? {})),
        ...((options.mayIdentify ?? true) && {
          ACTIONS_ID_TOKEN_REQUEST_URL: run.idToken.url,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: run.idToken.token,
        }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const [exitCode, stdout, stderr] = await Promise.all([
      exited,
      text(child.stdout),
      text(child.stderr),
    ])
    const written = (name: string) => readFile(join(folder, name), 'utf8')
    const outputs = parseCommands(await written('GITHUB_OUTPUT'))
    return { exitCode, stdout, stderr, outputs, summary: await written('GITHUB_STEP_SUMMARY') }
  } finally {
    await rm(folder, { recursive: true })
  }
}

type Metadata = {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>
  readonly runs: { readonly main: string }
}

async function readMetadata(): Promise<Metadata> {
  // Sound: action.yml is ours, and GitHub itself asks for these two keys.
  return parse(await readFile(join(ROOT, 'action.yml'), 'utf8')) as Metadata
}

async function bundle(): Promise<string> {
  return join(ROOT, (await readMetadata()).runs.main)
}

/** Inputs as the runner hands them over: upper case, blanks as underscores, dashes kept. */
async function inputVariables(
  run: WorkflowRun,
  given: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { inputs } = await readMetadata()
  const values = Object.entries(inputs).map(([name, { default: standard = '' }]) => [
    `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
    given[name] ?? standard.replace(/^\$\{\{ github\.token \}\}$/, run.token),
  ])
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(inputs, name))
  if (unknown) throw new TypeError(`action.yml has no input ${unknown}`)
  return Object.fromEntries(values)
}

/** The machine's variables without those of a workflow that this process may itself run in. */
function ofTheMachine(env: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(?:GITHUB_|INPUT_|ACTIONS_|RUNNER_|VITEST|NODE_OPTIONS$)/.test(name),
    ),
  )
}

function ofTheRun({ url, repository }: GitHub, run: WorkflowRun, folder: string) {
  const { owner, repo, id, ownerId } = repository
  return {
    ...Object.fromEntries(FILES.map((name) => [name, join(folder, name)])),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: 'crossfade',
    GITHUB_ACTOR: run.actor,
    GITHUB_API_URL: url,
    GITHUB_BASE_REF: run.baseRef,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    GITHUB_GRAPHQL_URL: `${url}/graphql`,
    GITHUB_HEAD_REF: run.headRef,
    GITHUB_JOB: 'schema',
    GITHUB_REF: run.ref,
    GITHUB_REF_NAME: run.ref.replace('refs/pull/', ''),
    GITHUB_REPOSITORY: `${owner}/${repo}`,
    GITHUB_REPOSITORY_ID: `${id}`,
    GITHUB_REPOSITORY_OWNER: owner,
    GITHUB_REPOSITORY_OWNER_ID: `${ownerId}`,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: `${run.id}`,
    GITHUB_RUN_NUMBER: `${run.number}`,
    GITHUB_SERVER_URL: url,
    GITHUB_SHA: run.sha,
    GITHUB_WORKFLOW: run.workflow,
    GITHUB_WORKSPACE: join(folder, 'workspace'),
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: folder,
  }
}

/** The files of a commit, without history, as actions/checkout leaves them. */
async function checkOut(github: GitHub, sha: string, workspace: string): Promise<void> {
  for (const [path, content] of Object.entries(await github.files(sha))) {
    await mkdir(dirname(join(workspace, path)), { recursive: true })
    await writeFile(join(workspace, path), content)
  }
}

/** Reads `NAME<<DELIMITER … DELIMITER`, the form in which steps write values of several lines. */
function parseCommands(written: string): Record<string, string> {
  const values: Record<string, string> = {}
  const command = /^(?<name>[^<\n]+)<<(?<delimiter>[^\n]+)\n(?<value>.*?)\n?\k<delimiter>\n/gms
  for (const { groups: { name = '', value = '' } = {} } of written.matchAll(command)) {
    values[name] = value
  }
  return values
}
