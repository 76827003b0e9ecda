import { getOctokit } from '@actions/github'
import type { Inputs } from './inputs.ts'
import { isBusyStatus, withRetries } from './retry.ts'

/** GitHub's REST API for one repository, with the token of the job. */
export type GitHub = {
  readonly rest: ReturnType<typeof getOctokit>
  readonly owner: string
  readonly repo: string
}

/** The API at the address that the runner names, which is another one on GitHub Enterprise. */
export function openGitHub(
  { apiUrl, githubToken }: Pick<Inputs, 'apiUrl' | 'githubToken'>,
  { owner, repo }: { readonly owner: string; readonly repo: string },
): GitHub {
  return { rest: getOctokit(githubToken, { baseUrl: apiUrl }), owner, repo }
}

/** Runs calls to GitHub, and runs them again while GitHub is out of order. They must be safe to repeat. */
export async function askGitHub<T>(calls: () => Promise<T>): Promise<T> {
  return await withRetries(calls, (error) => isBusyStatus(statusOf(error) ?? 0))
}

/** The HTTP status that a failed call got (500 when there was no answer); null for any other error. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error && 'status' in error)) return null
  return typeof error.status === 'number' ? error.status : null
}
