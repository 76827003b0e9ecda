import { sql } from 'kysely'
import { type Instant, instantByRule } from '../deploy/reason.ts'
import { FEWEST_ROW_VERSIONS, findInstantAnswers, rowVersionsOf } from '../engine/instant.ts'
import { engineRequest } from '../engine/request.ts'
import { withoutForeignKeys } from '../engine/statement.ts'
import { readServer } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import { ddlOf } from '../schema/ddl.ts'
import type { TableChange } from '../schema/diff.ts'
import { inScratchSchema } from '../schema/scratch-schema.ts'

type Alter = Extract<TableChange, { readonly kind: 'alter' }>

/**
 * Whether the server could make a change at once: tried on a scratch server, where that is of the same release as the
 * one that it is for, so that nothing has to be made there. Else by the rules of the manual.
 */
export async function instantOf(
  change: Alter,
  {
    server,
    schema,
    scratch,
  }: {
    readonly server: Session
    readonly schema: string
    readonly scratch: Session | null
  },
): Promise<Instant | null> {
  const worn = await wornOut(change, server, schema)
  if (worn) return worn
  const byRule = instantByRule(change)
  if (scratch === null || (await releaseOf(scratch)) !== (await releaseOf(server))) return byRule
  const { kind, table, statement } = ddlOf(change)
  if (kind !== 'alter') return byRule
  const [answer] = await inScratchSchema(scratch, null, async (empty) => {
    await scratch.run(sql.raw(withoutForeignKeys(change.from.sql)))
    const request = engineRequest({ id: 'plan', operations: [{ kind, table, statement }] })
    return await findInstantAnswers(scratch, empty, request)
  })
  switch (answer?.eligible) {
    case true:
      return { possible: 'yes', why: YES }
    case false:
      return { possible: 'no', why: `The server would have to copy: ${answer.reason}.` }
    default:
      return byRule
  }
}

/** Each new or dropped column leaves a version of the rows behind, and MySQL takes only so many. */
async function wornOut(
  { from, clauses }: Alter,
  server: Session,
  schema: string,
): Promise<Instant | null> {
  if (!clauses.some(({ kind }) => kind === 'add_column' || kind === 'drop_column')) return null
  const versions = await rowVersionsOf(server, schema, from.name)
  if (versions < FEWEST_ROW_VERSIONS) return null
  return {
    possible: 'unlikely',
    why: `It has had ${versions} instant changes, and the server may take no more until it is rebuilt.`,
  }
}

const YES =
  'A scratch server of the same release made it without copying: deployed with `method=instant` it takes effect at once, and cannot be reverted.'

/** `mysql 9.7`, `mariadb 10.11`. */
async function releaseOf(session: Session): Promise<string> {
  const { flavour, version } = await readServer(session)
  return `${flavour} ${/\d+\.\d+/.exec(version.replace(/^5\.5\.5-/, ''))?.[0]}`
}
