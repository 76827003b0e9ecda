import { sql } from 'kysely'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { errnoOf } from '../../../src/mysql/errno.ts'
import type { Flavour } from '../../../src/mysql/server.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas, tableOf } from '../../../src/schema/diff/diff.ts'
import { withKeptNames } from '../../../src/schema/diff/generated-name.ts'
import { stepsOf } from '../../../src/schema/diff/steps.ts'
import { fingerprintSchema } from '../../../src/schema/fingerprint.ts'
import { schemaFromSql, schemaOf, schemaToSql, withSql } from '../../../src/schema/parse.ts'
import { meaningOf } from '../../../src/schema/spelling/meaning.ts'
import type { Schema } from '../../../src/schema/table.ts'
import { Chance } from '../../support/seeded-random.ts'
import { type DrawnTable, drawTable, statementOf, TABLES } from './table.ts'

/** What became of one pair of schemas. */
export type PairResult = {
  readonly seed: number
  /** How many tables of the pair were drawn, and how many of those the server refused to make. */
  readonly drawn: number
  readonly refused: number
  readonly statements: number
  /** What is wrong, with the schemas and statements; empty when nothing is. */
  readonly problems: readonly string[]
}

/** A server to play on, with a session that checks foreign keys as every application's does. */
export class PairServer implements AsyncDisposable {
  readonly #session: Session
  readonly #names: readonly [here: string, there: string]
  readonly #flavour: Flavour

  private constructor(session: Session, flavour: Flavour, names: readonly [string, string]) {
    this.#session = session
    this.#flavour = flavour
    this.#names = names
  }

  /** The schemas `${prefix}_a` and `${prefix}_b` are made, and dropped at the end. */
  static async open(url: string, flavour: Flavour, prefix: string): Promise<PairServer> {
    const session = await connect(parseTarget(url))
    await session.run(sql`SET SESSION foreign_key_checks = 1, lock_wait_timeout = 50`)
    return new PairServer(session, flavour, [`${prefix}_a`, `${prefix}_b`])
  }

  /**
   * Draws two schemas A and B and looks whether the difference, run on A, gives B; whether B differs from nothing that it
   * was read from; and whether the difference the other way gives A again.
   */
  async play(seed: number): Promise<PairResult> {
    const chance = new Chance(seed)
    const [here, there] = this.#names
    const first = await this.#make(here, [], chance)
    const second = await this.#make(there, first.tables, chance)
    const [a, b] = [await readSchema(this.#session, here), await readSchema(this.#session, there)]
    const forth = await this.#turn(a, b)
    const back = forth.problem === null ? await this.#turn(b, a) : { problem: null, statements: [] }
    const again = diffSchemas(schemaFromSql(schemaToSql(b)), b)
    const problems = [
      forth.problem,
      back.problem,
      again.length > 0 ? 'B differs from itself' : null,
    ].filter((problem) => problem !== null)
    return {
      seed,
      drawn: first.drawn + second.drawn,
      refused: first.refused + second.refused,
      statements: forth.statements.length + back.statements.length,
      problems:
        problems.length === 0
          ? []
          : [
              ...problems,
              textOf('A', a),
              textOf('B', b),
              ...forth.statements,
              '--',
              ...back.statements,
            ],
    }
  }

  async #make(schema: string, former: readonly DrawnTable[], chance: Chance) {
    const session = this.#session
    await session.run(sql`DROP DATABASE IF EXISTS ${sql.id(schema)}`)
    await session.run(sql`CREATE DATABASE ${sql.id(schema)}`)
    await session.run(sql`USE ${sql.id(schema)}`)
    // Tables that refer to each other in a circle cannot be made otherwise.
    await session.run(sql`SET SESSION foreign_key_checks = 0`)
    const tables: DrawnTable[] = []
    let drawn = 0
    for (const name of TABLES) {
      if (chance.isLikely(0.25)) continue
      const same = former.find((other) => other.name === name) ?? null
      const { table, tries } = await this.#makeTable(name, same, chance)
      drawn += tries
      if (table) tables.push(table)
    }
    await this.#dropBroken(schema)
    await session.run(sql`SET SESSION foreign_key_checks = 1`)
    return { tables, drawn, refused: drawn - tables.length }
  }

  async #makeTable(name: string, same: DrawnTable | null, chance: Chance) {
    const most = 12
    for (let tries = 1; tries <= most; tries += 1) {
      const isSame = same !== null && chance.isLikely(0.15)
      const table = isSame ? same : drawTable(name, same, { chance, flavour: this.#flavour })
      if (await this.#takes(statementOf(table))) return { table, tries }
    }
    return { table: null, tries: most }
  }

  async #takes(statement: string): Promise<boolean> {
    try {
      await this.#session.run(sql.raw(statement))
      return true
    } catch (error) {
      if (errnoOf(error) === null) throw error
      return false
    }
  }

  /** A foreign key whose parent was not drawn, or has a column of another type, is none that a server would keep. */
  async #dropBroken(schema: string): Promise<void> {
    const { tables } = await readSchema(this.#session, schema)
    for (const table of tables.values()) {
      for (const { parent, serverName, definition } of table.foreignKeys) {
        const drop = sql`ALTER TABLE ${sql.id(table.name)} DROP FOREIGN KEY ${sql.id(serverName)}`
        await this.#session.run(drop)
        if (!tables.has(parent)) continue
        await this.#session.run(sql`SET SESSION foreign_key_checks = 1`)
        await this.#takes(`ALTER TABLE \`${table.name}\` ADD ${definition}`)
        await this.#session.run(sql`SET SESSION foreign_key_checks = 0`)
      }
    }
  }

  /** Runs the difference on the first schema, which is `from`, and says what is not as in `to`. */
  async #turn(from: Schema, to: Schema) {
    const [here] = this.#names
    await this.#session.run(sql`USE ${sql.id(here)}`)
    const changes = diffSchemas(from, to)
    const statements: string[] = []
    if (new Set(changes.map(tableOf)).size < changes.length) {
      return {
        problem: 'a table is changed twice',
        statements: changes.map((c) => ddlOf(c).statement),
      }
    }
    for (const step of stepsOf(changes, { from, to })) {
      const { statement } = ddlOf(step)
      statements.push(`${statement};`)
      try {
        await this.#session.run(sql.raw(statement))
      } catch (error) {
        if (errnoOf(error) === null) throw error
        const said = error instanceof Error ? error.message : String(error)
        return { problem: `refused: ${said}`, statements }
      }
    }
    const read = await readSchema(this.#session, here)
    const [after, wanted] = [meaningIn(read), meaningIn(withKeptNames(read, to))]
    const isEqual =
      textOf('', after) === textOf('', wanted) &&
      fingerprintSchema(after) === fingerprintSchema(wanted) &&
      diffSchemas(read, to).length === 0
    return { problem: isEqual ? null : `not as wanted: ${textOf('', after)}`, statements }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names) {
      await this.#session.run(sql`DROP DATABASE IF EXISTS ${sql.id(name)}`)
    }
    await this.#session[Symbol.asyncDispose]()
  }
}

/** What keys say that means nothing is not compared: MariaDB adds some of it by itself. */
function meaningIn(schema: Schema): Schema {
  const plain = <T extends { readonly definition: string }>(item: T): T => ({
    ...item,
    definition: meaningOf(item.definition),
  })
  const tables = [...schema.tables.values()].map((table) =>
    withSql({
      ...table,
      keys: table.keys.map(plain),
      foreignKeys: table.foreignKeys.map(plain),
    }),
  )
  return schemaOf(tables)
}

function textOf(title: string, schema: Schema): string {
  return `${title}\n${Object.values(schemaToSql(schema)).join('\n')}`
}
