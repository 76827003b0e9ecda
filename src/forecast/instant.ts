import { sql } from 'kysely'
import { type Instant, instantByRule } from '../deploy/reason.ts'
import { askInstant, FEWEST_ROW_VERSIONS, rowVersionsOf } from '../engine/instant/instant.ts'
import type { InstantAnswer } from '../engine/port.ts'
import { withoutForeignKeys } from '../engine/table/statement.ts'
import { Refusal } from '../errors.ts'
import { errnoOf, isConnectionLost } from '../mysql/errno.ts'
import { readServer } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import { ddlOf } from '../schema/diff/ddl.ts'
import type { TableChange } from '../schema/diff/diff.ts'
import { inScratchSchema } from '../schema/scratch-schema.ts'

type Alter = Extract<TableChange, { readonly kind: 'alter' }>

/** What a try of a change came to. */
export type Tried = {
  readonly instant: Instant | null
  /** The server does not take the statement at all. */
  readonly refusal: Refusal | null
}

/**
 * Whether the server could make a change at once: tried on a scratch server, where that is of the same release as the
 * one that it is for, so that nothing has to be made there. Else by the rules of the manual.
 */
export async function tryInstant(
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
): Promise<Tried> {
  const worn = await wornOut(change, server, schema)
  const untried = { instant: worn ?? instantByRule(change), refusal: null }
  if (scratch === null || (await releaseOf(scratch)) !== (await releaseOf(server))) return untried
  try {
    const { eligible, reason } = await tryOn(scratch, change)
    if (eligible === false) {
      const why = `The server would have to copy: ${reason}.`
      return { instant: { possible: 'no', why }, refusal: null }
    }
    const isSure = eligible === true && worn === null
    return isSure ? { instant: { possible: 'yes', why: YES }, refusal: null } : untried
  } catch (error) {
    const refusal = rejectionOf(error)
    return refusal ? { instant: { possible: 'no', why: refusal.message }, refusal } : untried
  }
}

/**
 * That the server does not take the change; null when it could not be tried, as a table that only the other server can
 * make.
 *
 * @throws what is neither.
 */
function rejectionOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error.code === 'ALTER_INVALID' ? error : null
  if (errnoOf(error) === null || isConnectionLost(error)) throw error
  return null
}

async function tryOn(scratch: Session, change: Alter): Promise<InstantAnswer> {
  const { table, statement } = ddlOf(change)
  return await inScratchSchema(scratch, null, async (empty) => {
    await scratch.run(sql.raw(withoutForeignKeys(change.from.sql)))
    const operation = { kind: 'alter', table, statement } as const
    return (await askInstant(scratch, empty, { id: 'plan', operation })).answer
  })
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
