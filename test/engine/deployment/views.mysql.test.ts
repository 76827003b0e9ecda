import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, inject, onTestFinished } from 'vitest'
import type { ViewOperation } from '../../../src/engine/port.ts'
import { connect, parseTarget, type Target } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { canonicalise, readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas, isTableChange, isViewChange, tableOf } from '../../../src/schema/diff/diff.ts'
import { withRightsOf } from '../../../src/schema/diff/diff-views.ts'
import { checkSchemaFile } from '../../../src/schema/file/allow-list.ts'
import { schemaToSql } from '../../../src/schema/parse.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const BEFORE = `
  CREATE TABLE orders (id INT PRIMARY KEY, total INT NOT NULL, note TEXT);
  CREATE TABLE items (id INT PRIMARY KEY, order_id INT);
  CREATE VIEW gone AS SELECT id FROM open_orders;
  CREATE VIEW open_orders AS SELECT id, total, note FROM orders;
  CREATE VIEW counted AS SELECT o.id, count(i.id) AS n FROM open_orders o LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id;`

const AFTER = `
  CREATE TABLE orders (id INT PRIMARY KEY, total INT NOT NULL, status INT NOT NULL DEFAULT 7);
  CREATE TABLE items (id INT PRIMARY KEY, order_id INT);
  CREATE VIEW a_first AS SELECT status, count(*) AS n FROM z_last GROUP BY status;
  CREATE VIEW open_orders AS SELECT id, total, status FROM orders WHERE status < 9;
  CREATE VIEW z_last AS WITH orders AS (SELECT * FROM open_orders) SELECT * FROM orders;
  CREATE VIEW counted AS SELECT o.id, o.status, count(i.id) AS n FROM open_orders o LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id;`

/** Only the views are other ones. */
const VIEWS_ALONE = AFTER.replace('status INT NOT NULL DEFAULT 7', 'note TEXT')
  .replaceAll('id, total, status', 'id, total, total % 7 AS status')
  .replace(' WHERE status < 9', '')

/** The schema of the test as BEFORE says, and what makes of it what AFTER says. */
async function shop(mysql: MysqlTest, after = AFTER) {
  const session = await mysql.session()
  await change(session, mysql.schema, BEFORE)
  await session.run(sql`INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, 'b')`)
  const live = await readSchema(session, mysql.schema)
  const wanted = withRightsOf(await make(session, after), live)
  const changes = diffSchemas(live, wanted)
  const statements = changes.filter(isTableChange).map((each) => ddlOf(each).statement)
  const views = changes.filter(isViewChange).map(
    (each): ViewOperation => ({
      name: tableOf(each),
      before: 'from' in each ? each.from.sql : null,
      after: 'to' in each ? each.to.sql : null,
    }),
  )
  const now = async () => schemaToSql(await readSchema(session, mysql.schema))
  return { session, statements, views, before: schemaToSql(live), after: schemaToSql(wanted), now }
}

async function make(session: Session, text: string) {
  return await canonicalise(session, checkSchemaFile(text, 'shop.sql'))
}

async function change(session: Session, schema: string, text: string): Promise<void> {
  for (const each of diffSchemas(await readSchema(session, schema), await make(session, text))) {
    // As somebody has made them who said nothing of rights.
    const statement = ddlOf(each).statement.replace('SQL SECURITY INVOKER ', '')
    await session.run(sql.raw(statement))
  }
}

/** An account with these rights on the schema of the test, and those that every deployment needs. */
async function anAccount(mysql: MysqlTest, rights: string): Promise<Target> {
  const admin = await connect(parseTarget(inject('serverUrl')))
  const user = `v_${randomUUID().slice(0, 8)}`
  onTestFinished(async () => {
    await admin.run(sql.raw(`DROP USER '${user}'@'%'`))
    await admin[Symbol.asyncDispose]()
  })
  for (const statement of [
    `CREATE USER '${user}'@'%' IDENTIFIED BY 'pass'`,
    `GRANT ${rights} ON \`${mysql.schema}\`.* TO '${user}'@'%'`,
    `GRANT ALL ON \`_crossfade\`.* TO '${user}'@'%'`,
    `GRANT REFERENCES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '${user}'@'%'`,
  ]) {
    await admin.run(sql.raw(statement))
  }
  return parseTarget(mysql.url.replace('root@', `${user}:pass@`))
}

async function definers(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ name: string; type: string }>`
    SELECT TABLE_NAME AS name, SECURITY_TYPE AS type FROM information_schema.VIEWS
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME`)
  return rows.map(({ name, type }) => `${name} ${type}`)
}

describe('views of a deployment', () => {
  test('are changed with the tables, and with them changed back', async ({ mysql }) => {
    const { session, statements, views, before, after, now } = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, statements, {
      views,
      cutover: 'auto',
      revertWindowMs: 600_000,
    })

    await deployment.reached('reverse_in_sync')
    expect(await now()).toEqual(after)
    expect(await definers(session)).toEqual([
      'a_first INVOKER',
      'counted DEFINER',
      'open_orders DEFINER',
      'z_last INVOKER',
    ])
    expect(await session.rows(sql`SELECT * FROM a_first`)).toMatchObject([{ status: 7 }])

    deployment.run.revert()
    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await now()).toEqual(before)
    expect(await definers(session)).toEqual([
      'counted DEFINER',
      'gone DEFINER',
      'open_orders DEFINER',
    ])
    expect(await session.rows(sql`SELECT note FROM open_orders ORDER BY id`)).toHaveLength(2)
  })

  test('need the rights to make them, which is found out before a row is copied', async ({
    mysql,
  }) => {
    const { session, statements, views, before, now } = await shop(mysql)
    const grants =
      'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, LOCK TABLES, TRIGGER, SHOW VIEW'
    const account = await anAccount(mysql, grants)

    await expect(Deployment.stage(account, statements, { views })).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
      message: expect.stringContaining('The account may not make the view'),
    })
    expect(await now()).toEqual(before)
    expect(await productTables(session)).toEqual([])

    // With it, views of its own rights can be made, but none of another definer.
    const after =
      'CREATE SQL SECURITY INVOKER VIEW `a` AS\nselect\n  `orders`.`id` AS `id`\nfrom `orders`'
    const alone = [{ name: 'a', before: null, after }]
    const able = await anAccount(mysql, `${grants}, CREATE VIEW`)
    await expect(Deployment.stage(able, statements, { views })).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
    })
    const deployment = await Deployment.stage(able, [], { views: alone, cutover: 'auto' })
    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await definers(session)).toContain('a INVOKER')
  })

  test('keep their definer', async ({ mysql }) => {
    const { session, statements, views } = await shop(mysql)
    const account = `v_${mysql.schema.slice(-20)}`
    await session.run(sql.raw(`CREATE USER '${account}'@'%'`))
    onTestFinished(async () => {
      await using admin = await connect(parseTarget(inject('serverUrl')))
      await admin.run(sql.raw(`DROP USER '${account}'@'%'`))
    })
    await session.run(
      sql.raw(
        `ALTER DEFINER='${account}'@'%' VIEW counted AS SELECT o.id, count(i.id) AS n FROM open_orders o LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id`,
      ),
    )

    const deployment = await Deployment.stage(mysql.target, statements, { views, cutover: 'auto' })
    expect(await deployment.run.finished, deployment.story).toBe('complete')

    const row = await session.row(sql<{ definer: string }>`SELECT DEFINER AS definer
      FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'counted'`)
    expect(row?.definer).toBe(`${account}@%`)
  })

  test('are as they were after a cancel, and nothing of the deployment is left', async ({
    mysql,
  }) => {
    const { session, statements, views, before, now } = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, statements, { views })
    await deployment.reached('ready_to_cutover')

    deployment.run.cancel()

    expect(await deployment.run.finished).toBe('cancelled')
    expect(await now()).toEqual(before)
    expect(await productTables(session)).toEqual([])
  })

  test('that somebody else changes stop the cutover before the swap', async ({ mysql }) => {
    const { session, statements, views, before, now } = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, statements, { views })
    await deployment.reached('ready_to_cutover')
    await session.run(sql`CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders`)

    deployment.run.cutover()

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({
      code: 'TABLE_CHANGED',
      message: 'Somebody else changed the view open_orders while it was deployed.',
    })
    expect((await now()).orders).toBe(before.orders)
  })

  test('are refused before anything is copied when the server would not take them', async ({
    mysql,
  }) => {
    const { session, statements, views, before, now } = await shop(mysql)
    const broken = views.map((view) =>
      view.name === 'open_orders'
        ? { ...view, after: view.after?.replaceAll('`status`', '`nosuch`') ?? null }
        : view,
    )

    await expect(
      Deployment.stage(mysql.target, statements, { views: broken }),
    ).rejects.toMatchObject({
      code: 'VIEW_REFUSED',
      message: 'The server refuses the view open_orders: it reads what is not there (error 1054).',
    })

    expect(await now()).toEqual(before)
    expect(await productTables(session)).toEqual([])
  })

  test('are not made with the rights of the account that deploys', async ({ mysql }) => {
    const { statements, views } = await shop(mysql)
    const unsafe = views.map((view) => ({
      ...view,
      after: view.after?.replace('SQL SECURITY INVOKER ', '') ?? null,
    }))

    await expect(
      Deployment.stage(mysql.target, statements, { views: unsafe }),
    ).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'The view z_last would have the rights of the account that deploys it.',
    })
  })

  test('wait for whoever holds one, and say so', async ({ mysql }) => {
    const after = `${BEFORE} CREATE TABLE more (id INT PRIMARY KEY)`.replace(
      'SELECT id FROM open_orders',
      'SELECT id, total FROM open_orders',
    )
    const { statements, views, now, after: wanted } = await shop(mysql, after)
    const user = await mysql.session()
    await user.run(sql`START TRANSACTION`)
    await user.rows(sql`SELECT * FROM gone`)
    const deployment = await Deployment.stage(mysql.target, statements, { views, cutover: 'auto' })

    await deployment.reached('cutover_retry')
    expect(deployment.run.status().throttledBy).toMatch(
      /the views are not changed yet: .*connection \d+/,
    )
    expect((await now()).more).toBe(wanted.more)
    await user.run(sql`COMMIT`)

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await now()).toEqual(wanted)
  })

  test('are changed before it ends, also when the way back is lost meanwhile', async ({
    mysql,
  }) => {
    const after = `${BEFORE} CREATE TABLE more (id INT PRIMARY KEY)`.replace(
      'SELECT id FROM open_orders',
      'SELECT id, total FROM open_orders',
    )
    const { session, statements, views, now, after: wanted } = await shop(mysql, after)
    const user = await mysql.session()
    await user.run(sql`START TRANSACTION`)
    await user.rows(sql`SELECT * FROM gone`)
    const deployment = await Deployment.stage(mysql.target, statements, {
      views,
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('cutover_retry')

    await session.run(sql`ALTER TABLE more ADD COLUMN mine INT`)
    await deployment.reached('revert_impossible')
    await user.run(sql`COMMIT`)

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect((await now()).gone).toBe(wanted.gone)
  })

  test('follow tables that are changed at once', async ({ mysql }) => {
    const after = BEFORE.replace('note TEXT', 'note TEXT, status INT NOT NULL DEFAULT 7').replace(
      'SELECT id, total, note FROM orders',
      'SELECT id, total, note, status FROM orders',
    )
    const { statements, views, after: wanted, now } = await shop(mysql, after)
    expect([statements.length, views.length]).toEqual([1, 1])

    const deployment = await Deployment.stage(mysql.target, statements, {
      views,
      cutover: 'auto',
      method: 'instant',
    })

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await now()).toEqual(wanted)
  })

  test('alone are changed at once, without a copy', async ({ mysql }) => {
    const { statements, views, after: wanted, before, now } = await shop(mysql, VIEWS_ALONE)
    expect(statements).toEqual([])
    const deployment = await Deployment.stage(mysql.target, [], { views, revertWindowMs: 600_000 })
    await deployment.reached('ready_to_cutover')
    expect(await now()).toEqual(before)

    deployment.run.cutover()

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await now()).toEqual(wanted)
  })
})

/** The statements around which a process dies: the swap, and each change of a view. */
const DEATHS = [
  ['after', 'the swap', '^RENAME TABLE .* cutover '],
  ['after', 'a view', '^CREATE /\\*.* OR REPLACE .*`open_orders` AS'],
  ['before', 'the record of the views', 'SET views_changed'],
  ['after', 'the record of the views', 'SET views_changed'],
] as const

const DEATHS_BACK = [
  ['after', 'the swap back', '^RENAME TABLE .* revert '],
  ['after', 'a former view', '^CREATE /\\*.* OR REPLACE .*`open_orders` AS(.|\\n)*note'],
] as const

describe('VIEW-1: an engine process that is killed with -9', () => {
  test.for(DEATHS)(
    '%s %s, leaves every view to be changed',
    async ([when, , matches], { mysql }) => {
      const { statements, views, after, now } = await shop(mysql)
      const engine = EngineProcess.stage(mysql.target, statements, {
        views,
        cutover: 'auto',
        revertWindowMs: 600_000,
        dies: { when, at: { matches } },
      })
      onTestFinished(() => engine.kill())
      expect(await engine.ended()).toBe('SIGKILL')

      const resumed = await Deployment.resume(mysql.target, engine.id)
      await resumed.reached('reverse_in_sync')

      expect(await now()).toEqual(after)
      resumed.run.skipRevert()
      expect(await resumed.run.finished, resumed.story).toBe('complete')
    },
  )

  test.for(DEATHS_BACK)(
    '%s %s, leaves every former view to be made',
    async ([when, , matches], { mysql }) => {
      const { statements, views, before, now } = await shop(mysql)
      const engine = EngineProcess.stage(mysql.target, statements, {
        views,
        cutover: 'auto',
        revertWindowMs: 600_000,
        reverts: true,
        dies: { when, at: { matches } },
      })
      onTestFinished(() => engine.kill())
      expect(await engine.ended()).toBe('SIGKILL')

      const resumed = await Deployment.resume(mysql.target, engine.id)

      expect(await resumed.run.finished, resumed.story).toBe('reverted')
      expect(await now()).toEqual(before)
    },
  )

  test('between views that are alone, goes on with the others', async ({ mysql }) => {
    const { views, after: wanted, now } = await shop(mysql, VIEWS_ALONE)
    const engine = EngineProcess.stage(mysql.target, [], {
      views,
      cutover: 'auto',
      dies: { when: 'after', at: { matches: '^CREATE /\\*.* OR REPLACE .*VIEW `open_orders` AS' } },
    })
    onTestFinished(() => engine.kill())
    expect(await engine.ended()).toBe('SIGKILL')

    const resumed = await Deployment.resume(mysql.target, engine.id)

    expect(await resumed.run.finished, resumed.story).toBe('complete')
    expect(await now()).toEqual(wanted)
  })
})
