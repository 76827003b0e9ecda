import { authorise, repositoryOf } from './access.ts'
import { ApiError, type Inside, type RequestContext } from './emulated.ts'
import type { PullRow, RepositoryRow } from './rows.ts'

/** A changed file, as far as we read it. */
export type ChangedFile = { readonly additions: number; readonly deletions: number }

/** The files of a pull request; the emulator's own answer is always empty. */
export function addPullRequestFiles(inside: Inside): void {
  inside.app.get('/repos/:owner/:repo/pulls/:pull_number/files', async (context) => {
    const repository = repositoryOf(inside, context)
    authorise(inside, context, { role: 'read', permission: 'pull_requests' })
    const { files } = await readChanges(inside, repository, pullOf(inside, context))
    const perPage = Number(context.req.query('per_page') ?? 30)
    const page = Number(context.req.query('page') ?? 1)
    if (page * perPage < files.length) {
      const next = new URL(context.req.path, inside.url)
      next.search = String(new URLSearchParams({ per_page: `${perPage}`, page: `${page + 1}` }))
      context.header('Link', `<${next}>; rel="next"`)
    }
    return context.json(files.slice((page - 1) * perPage, page * perPage))
  })
}

/** What a pull request changes since it left its base: at most 300 files, the limit of a comparison. */
export function readChanges(inside: Inside, repository: RepositoryRow, pull: PullRow) {
  return inside.call<{ readonly files: readonly ChangedFile[]; readonly ahead_by: number }>(
    'GET',
    `/repos/${repository.full_name}/compare/${pull.base_sha}...${pull.head_sha}`,
  )
}

/** The pull request of a request. */
export function pullOf(inside: Inside, context: RequestContext): PullRow {
  const repository = repositoryOf(inside, context)
  const number = Number(context.req.param('pull_number'))
  const pull = inside.rows.pullRequests
    .findBy('repo_id', repository.id)
    .find((candidate) => candidate.number === number)
  if (!pull) throw new ApiError(404, 'Not Found')
  return pull
}
