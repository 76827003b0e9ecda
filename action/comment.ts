import type { Markdown } from '../src/render/markdown.ts'
import { type ProposalView, renderStickyComment, stickyMark } from '../src/render/proposal.ts'
import { askGitHub, type GitHub, statusOf } from './github.ts'

/** What became of the comment; `forbidden` when the token may not write one. */
export type CommentOutcome = 'posted' | 'updated' | 'unchanged' | 'not needed' | 'forbidden'

type Found = { readonly id: number; readonly body: string }

/**
 * Makes our comment on the pull request say what `view` says. There is one for each database; it is not written
 * to while its text is the same, and not posted at all for a pull request that never changed the schema.
 */
export async function keepComment(
  github: GitHub,
  pullRequest: number,
  view: ProposalView,
): Promise<CommentOutcome> {
  const body = renderStickyComment(view)
  try {
    // A try whose answer was lost may have posted: the next one begins by looking.
    return await askGitHub(async () => {
      const own = await findOwn(github, pullRequest, stickyMark(view.database))
      if (own) return await update(github, own, body)
      if (view.operations.length === 0) return 'not needed'
      return await post(github, pullRequest, body)
    })
  } catch (error) {
    if (statusOf(error) === 403) return 'forbidden'
    throw error
  }
}

async function update(github: GitHub, own: Found, body: Markdown): Promise<CommentOutcome> {
  if (normal(own.body) === normal(body)) return 'unchanged'
  const { owner, repo } = github
  await github.rest.rest.issues.updateComment({ owner, repo, comment_id: own.id, body })
  return 'updated'
}

async function post(github: GitHub, pullRequest: number, body: Markdown): Promise<CommentOutcome> {
  const { owner, repo } = github
  await github.rest.rest.issues.createComment({ owner, repo, issue_number: pullRequest, body })
  return 'posted'
}

/** GitHub may give a text back with other line ends and without the blanks around it. */
function normal(body: string): string {
  return body.replaceAll('\r\n', '\n').trim()
}

/** Our oldest comment. Anybody can write the mark, so it must also be the author's that we write as. */
async function findOwn(github: GitHub, pullRequest: number, mark: Markdown): Promise<Found | null> {
  const { owner, repo } = github
  const comments = await github.rest.paginate(github.rest.rest.issues.listComments, {
    owner,
    repo,
    issue_number: pullRequest,
    per_page: 100,
  })
  const marked = comments.filter(({ body }) => body?.startsWith(mark))
  if (marked.length === 0) return null
  const login = await findLogin(github)
  const own = marked.find(({ user }) =>
    login === null ? user?.type === 'Bot' : user?.login === login,
  )
  return own ? { id: own.id, body: own.body ?? '' } : null
}

/**
 * The account of the token; null for a job's or an App's token, which may not ask who it is. Such a token writes
 * as a bot, and a person cannot.
 */
async function findLogin(github: GitHub): Promise<string | null> {
  try {
    const { data } = await github.rest.rest.users.getAuthenticated()
    return data.login
  } catch (error) {
    const status = statusOf(error)
    if (status === 403 || status === 404) return null
    throw error
  }
}
