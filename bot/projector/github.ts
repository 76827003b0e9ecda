import { createProbot, ProbotOctokit } from 'probot'
import type { Check } from '../../src/render/check.ts'
import type { Markdown } from '../../src/render/markdown.ts'
import type { BotConfig } from '../config.ts'
import type { PullRequestRef } from '../events.ts'

/** A pull request as GitHub knows it now. */
export type PullRequest = {
  readonly state: 'open' | 'closed'
  readonly headSha: string
  readonly baseSha: string
  readonly author: string
}

export type Permission = 'none' | 'read' | 'triage' | 'write' | 'maintain' | 'admin'

export type Reaction = 'eyes' | 'rocket' | 'hooray' | 'confused' | '-1'

export type CheckRun = {
  readonly name: string
  readonly headSha: string
  readonly check: Check
  readonly detailsUrl: string | null
}

export type GitFile = { readonly path: string; readonly sha: string }

export type Approval = { readonly login: string; readonly commitSha: string }

/** GitHub's own ids: names can change hands. */
export type RepositoryIds = { readonly repositoryId: number; readonly ownerId: number }

/** What the bot asks of GitHub and tells it, in one repository. Every call may fail as the network does. */
export interface RepositoryClient {
  readonly readIds: () => Promise<RepositoryIds>
  readonly readPullRequest: (number: number) => Promise<PullRequest>
  /** The paths that differ from the base, both names of a renamed file. */
  readonly listChangedFiles: (number: number) => Promise<readonly string[]>
  /** The latest word of each reviewer, where it is an approval. */
  readonly listApprovals: (number: number) => Promise<readonly Approval[]>
  readonly readPermission: (login: string) => Promise<Permission>
  readonly isTeamMember: (organisation: string, team: string, login: string) => Promise<boolean>
  /** A file of the default branch, or null when it is not there. */
  readonly readDefaultFile: (path: string) => Promise<string | null>
  /** Every file below `folder` at a commit; null when GitHub cannot list them all. */
  readonly listFiles: (commitSha: string, folder: string) => Promise<readonly GitFile[] | null>
  readonly createComment: (number: number, body: Markdown) => Promise<number>
  /** False when the comment is gone. */
  readonly updateComment: (id: number, body: Markdown) => Promise<boolean>
  /** Adding a reaction that is there already changes nothing. */
  readonly react: (commentId: number, reaction: Reaction) => Promise<void>
  readonly createCheck: (run: CheckRun) => Promise<number>
  readonly updateCheck: (id: number, run: CheckRun) => Promise<void>
}

/** The installation of the App on a repository, or null when there is none. */
export type FindInstallation = (place: {
  readonly owner: string
  readonly repo: string
}) => Promise<number | null>

/** The client of the repository that a pull request is in. */
export type GitHub = (pull: Omit<PullRequestRef, 'number'>) => Promise<RepositoryClient>

/**
 * Speaks to GitHub as the App's installation. Probot renews the tokens; its Octokit waits out rate limits and
 * repeats what failed for a passing reason.
 *
 * Writes are spaced as GitHub asks for (one a second, one comment in three), but for a GitHub on this machine,
 * which is an emulator without limits.
 */
export function createGitHub({ app, githubUrl }: Pick<BotConfig, 'app' | 'githubUrl'>): {
  readonly github: GitHub
  readonly findInstallation: FindInstallation
} {
  const { hostname } = new URL(githubUrl)
  const isEmulator = hostname === 'localhost' || hostname === '127.0.0.1'
  const probot = createProbot({
    // Nothing is taken from the process: bot/config.ts is the only reader of the environment.
    env: { LOG_LEVEL: 'error', LOG_FORMAT: 'json' },
    overrides: {
      appId: app.id,
      privateKey: app.privateKey,
      baseUrl: githubUrl,
      // The function form: an object would be overwritten by Probot's own throttle options.
      Octokit: ProbotOctokit.defaults((options: OctokitOptions) => ({
        ...options,
        throttle: { ...options.throttle, enabled: !isEmulator },
      })),
    },
  })
  return {
    github: async ({ installationId, owner, repo }) =>
      clientOf(await probot.auth(installationId), { owner, repo }),
    findInstallation: async (place) => {
      const octokit = await probot.auth()
      const answer = await orNull(() => octokit.rest.apps.getRepoInstallation(place))
      return answer?.data.id ?? null
    },
  }
}

type Octokit = InstanceType<typeof ProbotOctokit>
type OctokitOptions = NonNullable<ConstructorParameters<typeof ProbotOctokit>[0]>
type Place = { readonly owner: string; readonly repo: string }

function clientOf(octokit: Octokit, place: Place): RepositoryClient {
  return {
    ...pullRequestCalls(octokit, place),
    ...personCalls(octokit, place),
    ...contentCalls(octokit, place),
    ...writingCalls(octokit, place),
  }
}

function pullRequestCalls(
  octokit: Octokit,
  place: Place,
): Pick<RepositoryClient, 'readIds' | 'readPullRequest' | 'listChangedFiles' | 'listApprovals'> {
  return {
    readIds: async () => {
      const { data } = await octokit.rest.repos.get(place)
      return { repositoryId: data.id, ownerId: data.owner.id }
    },
    readPullRequest: async (number) => {
      const { data } = await octokit.rest.pulls.get({ ...place, pull_number: number })
      return {
        state: data.state === 'open' ? 'open' : 'closed',
        headSha: data.head.sha,
        baseSha: data.base.sha,
        author: data.user.login,
      }
    },
    listChangedFiles: async (number) => {
      const files = await octokit.paginate(octokit.rest.pulls.listFiles, {
        ...place,
        pull_number: number,
        per_page: 100,
      })
      return files.flatMap(({ filename, previous_filename }) =>
        previous_filename ? [filename, previous_filename] : [filename],
      )
    },
    listApprovals: async (number) => {
      const reviews = await octokit.paginate(octokit.rest.pulls.listReviews, {
        ...place,
        pull_number: number,
        per_page: 100,
      })
      const opinions = reviews.filter(
        ({ state, user }) => state !== 'COMMENTED' && state !== 'PENDING' && user?.type === 'User',
      )
      const latest = new Map(opinions.map((review) => [review.user?.login ?? '', review]))
      return [...latest]
        .filter(([, { state }]) => state === 'APPROVED')
        .map(([login, { commit_id }]) => ({ login, commitSha: commit_id ?? '' }))
    },
  }
}

function personCalls(
  octokit: Octokit,
  place: Place,
): Pick<RepositoryClient, 'readPermission' | 'isTeamMember'> {
  return {
    readPermission: async (login) => {
      const answer = await orNull(() =>
        octokit.rest.repos.getCollaboratorPermissionLevel({ ...place, username: login }),
      )
      const level = answer?.data.permission
      return PERMISSIONS.find((permission) => permission === level) ?? 'none'
    },
    isTeamMember: async (organisation, team, login) => {
      const answer = await orNull(() =>
        octokit.rest.teams.getMembershipForUserInOrg({
          org: organisation,
          team_slug: team,
          username: login,
        }),
      )
      return answer?.data.state === 'active'
    },
  }
}

const PERMISSIONS: readonly Permission[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin']

function contentCalls(
  octokit: Octokit,
  place: Place,
): Pick<RepositoryClient, 'readDefaultFile' | 'listFiles'> {
  return {
    readDefaultFile: async (path) => {
      const answer = await orNull(() => octokit.rest.repos.getContent({ ...place, path }))
      if (answer === null || Array.isArray(answer.data) || answer.data.type !== 'file') return null
      return Buffer.from(answer.data.content, 'base64').toString('utf8')
    },
    listFiles: async (commitSha, folder) => {
      const commit = await octokit.rest.git.getCommit({ ...place, commit_sha: commitSha })
      let tree = commit.data.tree.sha
      // Step by step down to the folder: the tree of a large repository would come cut off.
      for (const name of folder.split('/').filter((part) => part !== '' && part !== '.')) {
        const level = await octokit.rest.git.getTree({ ...place, tree_sha: tree })
        const entry = level.data.tree.find(({ path, type }) => path === name && type === 'tree')
        if (!entry) return level.data.truncated ? null : []
        tree = entry.sha
      }
      const { data } = await octokit.rest.git.getTree({ ...place, tree_sha: tree, recursive: '1' })
      if (data.truncated) return null
      const prefix = folder.replace(/^\.?\/+|\/+$/g, '')
      return data.tree
        .filter(({ type }) => type === 'blob')
        .map(({ path, sha }) => ({ path: prefix ? `${prefix}/${path}` : path, sha }))
    },
  }
}

function writingCalls(
  octokit: Octokit,
  place: Place,
): Pick<
  RepositoryClient,
  'createComment' | 'updateComment' | 'react' | 'createCheck' | 'updateCheck'
> {
  return {
    createComment: async (number, body) => {
      const { data } = await octokit.rest.issues.createComment({
        ...place,
        issue_number: number,
        body,
      })
      return data.id
    },
    updateComment: async (id, body) => {
      const answer = await orNull(() =>
        octokit.rest.issues.updateComment({ ...place, comment_id: id, body }),
      )
      return answer !== null
    },
    react: async (commentId, content) => {
      await orNull(() =>
        octokit.rest.reactions.createForIssueComment({ ...place, comment_id: commentId, content }),
      )
    },
    createCheck: async (run) => {
      const { data } = await octokit.rest.checks.create({
        ...place,
        name: run.name,
        head_sha: run.headSha,
        ...checkFields(run),
      })
      return data.id
    },
    updateCheck: async (id, run) => {
      await octokit.rest.checks.update({ ...place, check_run_id: id, ...checkFields(run) })
    },
  }
}

function checkFields({ check, detailsUrl }: CheckRun) {
  const { title, summary, status, conclusion } = check
  const output = { title, summary }
  const details = detailsUrl === null ? {} : { details_url: detailsUrl }
  return conclusion === null
    ? { status, output, ...details }
    : { status, conclusion, output, ...details }
}

/** The answer, or null when GitHub says that there is no such thing. */
async function orNull<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 404) return null
    throw error
  }
}
