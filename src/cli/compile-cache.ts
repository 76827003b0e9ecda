import { existsSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Lets Node keep what it compiles in the user's cache folder; it compares it with the source before it is used again.
 * Where it cannot be kept, everything is compiled anew: slower, and right all the same.
 */
export function keepCompiled(): void {
  const folder = makeFolder()
  if (folder !== null) enableCompileCache(folder)
}

/**
 * The folder, which is there then; null where there can be none. It is made step by step, because Node would try for ever
 * to make all of it where none can be made, as in `/proc`; and an empty HOME would be whatever folder the command was
 * called in.
 */
function makeFolder(): string | null {
  try {
    const home = homedir()
    if (!isAbsolute(home)) return null
    const cache = join(home, '.cache')
    const folder = join(cache, 'crossfade')
    for (const step of [cache, folder]) if (!existsSync(step)) mkdirSync(step)
    return folder
  } catch {
    // An account without a home, one where nothing can be written, or another process was faster.
    return null
  }
}
