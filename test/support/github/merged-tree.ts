import type { Inside } from './emulated.ts'

type Entry = {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
}
type Tree = { readonly sha: string; readonly tree: readonly Entry[] }

/**
 * Writes the tree of `head` merged into `base` and returns its SHA, or null when both changed the same file.
 *
 * Files are merged whole: what git would merge line by line is a conflict here.
 */
export async function writeMergedTree(
  inside: Inside,
  repository: string,
  { base, head }: { readonly base: string; readonly head: string },
): Promise<string | null> {
  const compared = await inside.call<{ merge_base_commit: { sha: string } }>(
    'GET',
    `/repos/${repository}/compare/${base}...${head}`,
  )
  const [origin, ours, theirs] = await Promise.all(
    [compared.merge_base_commit.sha, base, head].map((commit) =>
      readTree(inside, repository, commit),
    ),
  )
  if (!origin || !ours || !theirs) throw new TypeError('three commits have three trees')
  const changes = []
  for (const path of new Set([...origin.files.keys(), ...theirs.files.keys()])) {
    const [before, mine, wanted] = [origin, ours, theirs].map(({ files }) => files.get(path))
    if (isSame(wanted, before) || isSame(wanted, mine)) continue
    if (!isSame(mine, before)) return null
    changes.push(wanted ?? { path, mode: '100644', type: 'blob', sha: null })
  }
  const written = await inside.call<{ sha: string }>('POST', `/repos/${repository}/git/trees`, {
    body: { base_tree: ours.sha, tree: changes },
  })
  return written.sha
}

async function readTree(inside: Inside, repository: string, commit: string) {
  const path = `/repos/${repository}/git/trees/${commit}?recursive=1`
  const { sha, tree } = await inside.call<Tree>('GET', path)
  const files = new Map<string, Entry>()
  for (const { path: file, mode, type, sha: blob } of tree) {
    if (type !== 'tree') files.set(file, { path: file, mode, type, sha: blob })
  }
  return { sha, files }
}

function isSame(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.sha === other?.sha && one?.mode === other?.mode
}
