import { Refusal } from '../errors.ts'

declare const commitSha: unique symbol
declare const deployRequestNumber: unique symbol

/** The full name of a commit: 40 hexadecimal digits (64 in a SHA-256 repository). */
export type CommitSha = string & { readonly [commitSha]: true }

/** What people call a deploy request by: unique within a repository and database, counted from 1. */
export type DeployRequestNumber = number & { readonly [deployRequestNumber]: true }

/** A repository: `id` is what counts, because a rename changes the other two. */
export type Repository = {
  readonly owner: string
  readonly name: string
  readonly id: number
}

/** The proposal to bring the schema change of a pull request into one production branch. */
export type DeployRequest = {
  readonly id: number
  readonly number: DeployRequestNumber
  readonly repository: Repository
  /** The installation of the app through which GitHub is spoken to. */
  readonly installationId: number
  readonly pullRequest: number
  readonly database: string
  /** The production branch that the change is for. */
  readonly branch: string
  readonly head: CommitSha
  readonly base: CommitSha
  /** Who opened the pull request, as GitHub's login. */
  readonly author: string
  readonly state: 'open' | 'closed'
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly closedAt: Date | null
}

/** Who made something happen: a login, or the name of the part of the product that did. */
export type By = {
  readonly actor: string
  readonly via: 'comment' | 'button' | 'merge' | 'close' | 'api' | 'action' | 'engine' | 'bot'
}

/** @throws {Refusal} INPUT_INVALID when `text` is not the full name of a commit. */
export function parseCommitSha(text: string): CommitSha {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) {
    throw new Refusal('INPUT_INVALID', 'A commit is named by 40 hexadecimal digits.', {
      next: 'Give the full SHA, as in `git rev-parse HEAD`.',
    })
  }
  // Sound: the pattern above is what the brand stands for.
  return text as CommitSha
}

/** @throws {Refusal} INPUT_INVALID when `value` is not a whole number from 1 on. */
export function parseDeployRequestNumber(value: number): DeployRequestNumber {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Refusal('INPUT_INVALID', 'A deploy request is named by a number from 1 on.', {
      next: 'Use the number that its comment shows.',
    })
  }
  // Sound: the check above is what the brand stands for.
  return value as DeployRequestNumber
}

/** A commit as people see it: its first 7 digits. */
export function shortSha(sha: CommitSha): string {
  return sha.slice(0, 7)
}
