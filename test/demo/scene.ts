import { sql } from 'kysely'
import type { StoredDeployment } from '../../src/store/deployments.ts'
import type { Files } from '../support/github/person.ts'
import { runAction } from '../support/run-action.ts'
import type { Differences } from '../support/workload/ledger.ts'
import type { Workload } from '../support/workload.ts'
import { untilCheck, untilComment, untilState } from './watch.ts'
import type { World } from './world.ts'

export type SceneOptions = {
  readonly world: World
  readonly workload: Workload
  readonly signal?: AbortSignal
  /** Further inputs of the Action. */
  readonly inputs?: Readonly<Record<string, string>>
}

const STEP_MS = 60_000
const COPY_MS = 600_000

/** What people, workflow and bot do with the shop's pull requests, one step at a time. */
export class Scene {
  readonly world: World
  readonly workload: Workload
  readonly #options: SceneOptions

  constructor(options: SceneOptions) {
    this.world = options.world
    this.workload = options.workload
    this.#options = options
  }

  /** Opens a pull request with these files and returns its number. */
  async openPullRequest(branch: string, title: string, files: Files): Promise<number> {
    const writer = this.world.github.as('writer')
    await writer.commit(branch, files, { message: title })
    return (await writer.openPullRequest(branch, { title })).number
  }

  /** Runs the bundled Action for a pull request; rejects when its step fails. */
  async runAction(pull: number): Promise<Readonly<Record<string, string>>> {
    const { github, bot } = this.world
    const inputs = { 'bot-url': bot.url, ...this.#options.inputs }
    const { exitCode, stdout, stderr, outputs } = await runAction(github, pull, { inputs })
    if (exitCode !== 0) throw new Error(`the Action failed:\n${stdout}${stderr}`)
    return outputs
  }

  /** The bot's comment as soon as it says `words`. */
  comment(pull: number, words: string): Promise<string> {
    return untilComment({ ...this.world, pull }, words, this.#within(STEP_MS))
  }

  /** Comments `/stage` and waits at the gate. */
  async stage(pull: number, onLook?: (stored: StoredDeployment) => void) {
    await this.#say(pull, '/stage')
    return await this.untilInSync(pull, onLook)
  }

  /** Waits until every table is in sync and a person may decide. */
  untilInSync(pull: number, onLook?: (stored: StoredDeployment) => void) {
    const place = { ...this.world, pull }
    return untilState(place, 'pending_cutover', {
      ...this.#within(COPY_MS),
      ...(onLook && { onLook }),
    })
  }

  /** Merges as soon as the required check allows it, and waits until the new tables are live. */
  async merge(pull: number) {
    const place = { ...this.world, pull }
    await untilCheck(place, 'success', this.#within(STEP_MS))
    await this.world.github.as('writer').merge(pull)
    return await untilState(place, 'complete_pending_revert', this.#within(STEP_MS))
  }

  /** Comments `/deploy` and waits until the new tables are live. */
  async deploy(pull: number, onLook?: (stored: StoredDeployment) => void) {
    await this.#say(pull, '/deploy')
    const place = { ...this.world, pull }
    const watch = { ...this.#within(COPY_MS), ...(onLook && { onLook }) }
    return await untilState(place, 'complete_pending_revert', watch)
  }

  /** Comments `/revert` and waits until the old schema is live again. */
  async revert(pull: number) {
    await this.#say(pull, '/revert')
    return await untilState({ ...this.world, pull }, 'complete_revert', this.#within(STEP_MS))
  }

  /** Compares every row of these tables with all writes that were acknowledged, while the writers wait. */
  check(tables: readonly string[]): Promise<Differences> {
    return this.workload.whileHeld(async (report) => {
      const all = { missing: [] as string[], phantom: [] as string[], different: [] as string[] }
      let compared = 0
      for (const table of tables) {
        const found = await report.compare(this.world.session, table)
        compared += found.compared
        for (const kind of ['missing', 'phantom', 'different'] as const) {
          all[kind].push(...found[kind].map((row) => `${table} ${row}`))
        }
      }
      return { ...all, compared }
    })
  }

  /** The names of a table's columns in production now. */
  async columns(table: string): Promise<string[]> {
    const rows = await this.world.session.rows(sql<{ name: string }>`
      SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${table} ORDER BY ORDINAL_POSITION`)
    return rows.map(({ name }) => name)
  }

  /** The rows that the engine recorded as copied, of all deployments that are not over. */
  async rowsCopied(): Promise<number> {
    const row = await this.world.session.row(
      sql<{ copied: string | null }>`SELECT SUM(row_count) AS copied FROM _crossfade.chunk`,
    )
    return Number(row?.copied ?? 0)
  }

  async #say(pull: number, body: string): Promise<void> {
    await this.world.github.as('writer').comment(pull, body)
  }

  #within(withinMs: number) {
    const { signal } = this.#options
    return { withinMs, ...(signal && { signal }) }
  }
}
