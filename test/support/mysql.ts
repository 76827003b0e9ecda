import { sql } from 'kysely'
import { test as base, expect, inject } from 'vitest'
import { connect, parseTarget, type Target } from '../../src/mysql/connect.ts'
import type { Flavour } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'

/** What a test on a real server gets: a schema of its own, and sessions that end with the test. */
export type MysqlTest = {
  readonly flavour: Flavour
  /** The name of the schema. */
  readonly schema: string
  readonly url: string
  readonly target: Target
  /** Opens a session on the schema, with the product's own settings. */
  readonly session: () => Promise<Session>
}

/** The family of this project's server, for tables of cases that only one of them knows. */
export const FLAVOUR: Flavour = inject('server').startsWith('mariadb') ? 'mariadb' : 'mysql'

/** `test` with an empty schema on the server of this project; nothing of it outlives the test. */
export const test = base.extend('mysql', async ({ task }, { onCleanup }): Promise<MysqlTest> => {
  const stack = new AsyncDisposableStack()
  onCleanup(() => stack.disposeAsync())
  const schema = `test_${task.id.replaceAll('-', '').slice(0, 40)}_${task.retry ?? 0}_${process.pid}`
  const admin = stack.use(await connect(parseTarget(inject('serverUrl'))))
  await admin.run(sql`CREATE DATABASE ${sql.id(schema)}`)
  stack.defer(async () => {
    await admin.run(sql`DROP DATABASE IF EXISTS ${sql.id(schema)}`)
  })
  const url = `${inject('serverUrl')}${schema}`
  const target = parseTarget(url)
  return {
    flavour: FLAVOUR,
    schema,
    url,
    target,
    session: async () => stack.use(await connect(target)),
  }
})

/** What a comparison with a workload's ledger says when rows were compared and none is lost, invented or changed. */
export const NOTHING = {
  compared: expect.toSatisfy((rows: number) => rows > 0),
  missing: [],
  phantom: [],
  different: [],
}
