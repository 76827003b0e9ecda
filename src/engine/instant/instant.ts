import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import {
  ERRNO,
  errnoOf,
  isConnectionLost,
  isContention,
  isDenied,
  isDiskFull,
} from '../../mysql/errno.ts'
import { tableNames } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { isKeyword, isSymbol, tokenize } from '../../schema/tokens.ts'
import { ownComment } from '../follower.ts'
import type { EngineRequest, InstantAnswer, TableOperation } from '../port.ts'
import {
  type AlterStatement,
  createCopy,
  parseAlter,
  withoutForeignKeys,
} from '../table/statement.ts'

/**
 * Whether a change can be made with ALGORITHM=INSTANT. It is asked of the server, by making the change of an empty copy
 * of the table, and that is not taken at its word (each seen on MySQL 9.7 and MariaDB 10.11):
 *
 * - An algorithm that the statement names itself wins over the one that is put before it.
 * - MariaDB copies the rows in spite of ALGORITHM=INSTANT where partitions are made or a partitioned table loses its
 *   primary key. A copy reads the rows one by one, also where there are none, and the session's counters tell that.
 * - Foreign keys are left out of the copy: making one would hold on to the parent table.
 *
 * What only the live table could tell is how many instant changes it has had (`rowVersionsOf`); it has the last word.
 */

/** What a table is before and after an operation, as a hash of its definition; null when there is none. */
export type Definitions = { readonly before: string | null; readonly after: string | null }

/** An answer, and for a yes what the table will be. */
export type AskedOperation = { readonly answer: InstantAnswer; readonly definitions: Definitions }

/** Of every operation of a request, in their order. What cannot be found out is unknown, and never an error. */
export async function findInstantAnswers(
  session: Session,
  schema: string,
  request: EngineRequest,
): Promise<readonly InstantAnswer[]> {
  const answers: InstantAnswer[] = []
  for (const operation of request.operations) {
    const { table, kind } = operation
    if (kind !== 'alter') {
      answers.push({ table, eligible: true, reason: null })
      continue
    }
    try {
      answers.push((await askInstant(session, schema, { id: request.id, operation })).answer)
    } catch (error) {
      if (isConnectionLost(error)) throw error
      const reason =
        error instanceof Refusal ? error.message : `the server says ${errnoOf(error) ?? 'nothing'}`
      answers.push({ table, eligible: null, reason })
    }
  }
  return answers
}

type OneOperation = { readonly id: string; readonly operation: TableOperation }

/**
 * Whether one operation can be made at once. CREATE and DROP always can: the table that is dropped is renamed.
 *
 * @throws {Refusal} ALTER_INVALID when the server does not take the statement at all.
 */
export async function askInstant(
  session: Session,
  schema: string,
  { id, operation }: OneOperation,
): Promise<AskedOperation> {
  const { table, kind, statement } = operation
  if (kind === 'drop')
    return yes(table, { before: await readDefinition(session, schema, table), after: null })
  const copy = instantCopyName(id, table)
  const drop = () => dropInstantCopy(session, schema, { id, operation })
  await drop()
  try {
    if (kind === 'create') {
      await ask(session, operation, `${createCopy(statement, schema, copy)} ${ownComment(id)}`)
      return yes(table, { before: null, after: await readDefinition(session, schema, copy) })
    }
    const create = withoutForeignKeys(await readCreateTable(session, schema, table))
    await ask(session, operation, `${createCopy(create, schema, copy)} ${ownComment(id)}`)
    const reason = await askAlter(session, schema, { id, operation, copy })
    const definitions = {
      before: definitionOf(create),
      after: await readDefinition(session, schema, copy),
    }
    return reason === null ? yes(table, definitions) : { answer: { table, ...reason }, definitions }
  } finally {
    await drop()
  }
}

function yes(table: string, definitions: Definitions): AskedOperation {
  return { answer: { table, eligible: true, reason: null }, definitions }
}

/** Drops the empty copy, if a process that was interrupted has left it. */
export async function dropInstantCopy(
  session: Session,
  schema: string,
  { id, operation }: OneOperation,
): Promise<void> {
  const copy = instantCopyName(id, operation.table)
  const question = sql`SELECT 1 FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${copy}`
  if ((await dictionaryRows(session, question)).length === 0) return
  await session.run(sql`DROP TABLE IF EXISTS ${sql.raw(ownComment(id))} ${sql.id(schema, copy)}`)
}

/** The empty copy's name: that of a table of the engine's, but of no other one of this deployment. */
export function instantCopyName(id: string, table: string): string {
  return tableNames(`instant ${id}`, table).shadow
}

/** `ALTER TABLE …` so that the server makes the change at once or not at all. */
export function instantStatement(target: string, body: string): string {
  // Partitions are a clause of their own, without a comma before it.
  const [first] = tokenize(body)
  const separator = isKeyword(first, 'PARTITION', 'REMOVE') ? ' ' : ', '
  return `ALTER TABLE ${target} ALGORITHM=INSTANT${separator}${body.trim()}`
}

type No = Omit<InstantAnswer, 'table'>

/** Makes the change of the copy; returns why it is no instant one, or null. */
async function askAlter(
  session: Session,
  schema: string,
  { id, operation, copy }: OneOperation & { readonly copy: string },
): Promise<No | null> {
  const alter = parseAlter(operation.statement)
  const said = refusedByStatement(alter)
  if (said !== null) return { eligible: false, reason: said }
  const target = quoted(schema, copy)
  const body = alter.on(schema, copy).slice(`ALTER TABLE ${target}`.length)
  const scannedBefore = await countScans(session)
  try {
    await session.run(sql.raw(`${instantStatement(target, body)} ${ownComment(id)}`))
  } catch (error) {
    const reason = notInstantReason(error)
    if (reason !== null) return { eligible: false, reason }
    await ask(session, operation, `${alter.on(schema, copy)} ${ownComment(id)}`, error)
    return { eligible: false, reason: 'the server takes no ALGORITHM=INSTANT with this change' }
  }
  if ((await countScans(session)) > scannedBefore) {
    return {
      eligible: false,
      reason: 'the server would copy the rows in spite of ALGORITHM=INSTANT',
    }
  }
  return await findRowVersionLimit(session, schema, { live: operation.table, copy })
}

function refusedByStatement({ algorithm, changesForeignKeys }: AlterStatement): string | null {
  if (algorithm !== null && algorithm !== 'INSTANT') {
    return `the statement itself asks for ALGORITHM=${algorithm}`
  }
  return changesForeignKeys
    ? 'it adds or drops a foreign key, which cannot be tried on a copy'
    : null
}

const NOT_INSTANT: readonly number[] = [
  ERRNO.ALGORITHM_UNSUPPORTED,
  ERRNO.ALGORITHM_UNSUPPORTED_REASON,
  ERRNO.UNSAFE_FUNCTION,
  ERRNO.WRONG_USAGE,
  ERRNO.INSTANT_ROW_SIZE,
  ERRNO.ROW_VERSIONS,
]

/** Why the server would not change a table at once, in its own words; null for errors of another kind. */
export function notInstantReason(error: unknown): string | null {
  const errno = errnoOf(error)
  if (errno === null || !NOT_INSTANT.includes(errno)) return null
  if (errno === ERRNO.ROW_VERSIONS)
    return 'it has had too many instant changes since it was last rebuilt'
  if (errno === ERRNO.UNSAFE_FUNCTION)
    return 'each row would get a default of its own, and the server logs none of them'
  if (errno === ERRNO.WRONG_USAGE) return 'ALGORITHM=INSTANT goes with no LOCK clause'
  const said = error instanceof Error ? error.message : ''
  const [, reason = 'the server does not support it for this change'] =
    /Reason: (.+?)\.? Try ALGORITHM/.exec(said) ?? []
  return reason
}

/** Runs a statement on a copy, where the server's complaint can only be about the statement itself. */
async function ask(
  session: Session,
  { table }: TableOperation,
  statement: string,
  first?: unknown,
): Promise<void> {
  try {
    await session.run(sql.raw(statement))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === null || isConnectionLost(error) || isContention(error)) throw error
    if (isDiskFull(error)) throw error
    if (isDenied(error)) {
      throw new Refusal('PRIVILEGE_MISSING', 'The account lacks CREATE, ALTER, INSERT or DROP.', {
        next: 'Grant the account what docs/operations.md lists.',
        cause: error,
      })
    }
    const said = error instanceof Error ? error.message : ''
    throw new Refusal(
      'ALTER_INVALID',
      `The server rejects the change of ${table} (error ${errno}): ${said}`,
      {
        next: 'Correct the statement; it was tried on an empty copy, and the live table is untouched.',
        cause: first ?? error,
      },
    )
  }
}

/** How often this session has read the rows of a table one after the other. */
async function countScans(session: Session): Promise<number> {
  const rows = await session.rows(
    sql<{ Value: string }>`SHOW SESSION STATUS
      WHERE Variable_name IN ('Handler_read_rnd_next', 'Handler_read_first')`,
  )
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0)
}

/** The fewest row versions at which some server says no: 64 up to MySQL 9.0, 255 since 9.1. */
export const FEWEST_ROW_VERSIONS = 64

/** Each instant change of a table's columns leaves a version of its rows behind, and there may not be too many. */
async function findRowVersionLimit(
  session: Session,
  schema: string,
  { live, copy }: { readonly live: string; readonly copy: string },
): Promise<No | null> {
  const needed = await rowVersionsOf(session, schema, copy)
  if (needed === 0) return null
  const versions = await rowVersionsOf(session, schema, live)
  if (versions < FEWEST_ROW_VERSIONS) return null
  return {
    eligible: null,
    reason: `it has had ${versions} instant changes, and the server may take no more until it is rebuilt`,
  }
}

/** How many instant changes a table has had; 0 also where the server has no such number or does not tell it. */
export async function rowVersionsOf(
  session: Session,
  schema: string,
  table: string,
): Promise<number> {
  const name = `${fileNameOf(schema)}/${fileNameOf(table)}`
  try {
    const row = await session.row(sql<{ versions: string | null }>`
      SELECT MAX(TOTAL_ROW_VERSIONS) AS versions FROM information_schema.INNODB_TABLES
      WHERE NAME = ${name} OR LEFT(NAME, ${name.length + 3}) = ${`${name}#p#`}`)
    return Number(row?.versions ?? 0)
  } catch (error) {
    // Without the right to see it the live table itself decides, as on MariaDB, which has no such numbers.
    if (isDenied(error) || errnoOf(error) === ERRNO.UNKNOWN_TABLE) return 0
    throw error
  }
}

/** A name as InnoDB lists it. Letters beyond ASCII have codes of their own: such a table is not found there. */
function fileNameOf(name: string): string {
  return name.replace(
    /[^\w]/g,
    (character) => `@${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The hash of a table's definition, or null when there is no such table. */
export async function readDefinition(
  session: Session,
  schema: string,
  table: string,
): Promise<string | null> {
  try {
    return definitionOf(withoutForeignKeys(await readCreateTable(session, schema, table)))
  } catch (error) {
    if (errnoOf(error) === ERRNO.NO_SUCH_TABLE) return null
    throw error
  }
}

async function readCreateTable(session: Session, schema: string, table: string): Promise<string> {
  const row = await session.row(
    sql<Record<string, string>>`SHOW CREATE TABLE ${sql.id(schema, table)}`,
  )
  return row?.['Create Table'] ?? ''
}

/** The hash of what a table is, whatever its name, its constraints' names and its next number. */
function definitionOf(createSql: string): string {
  const tokens = tokenize(createSql)
  const words = tokens.map((token, at) => {
    const previous = tokens[at - 1]
    // `CREATE TABLE name`
    if (at === 2 || isKeyword(previous, 'CONSTRAINT')) return '?'
    const isNextNumber = isSymbol(previous, '=') && isKeyword(tokens[at - 2], 'AUTO_INCREMENT')
    return isNextNumber ? '?' : token.text
  })
  const text = words.join(' ').replace(' AUTO_INCREMENT = ?', '')
  return createHash('sha256').update(text).digest('base64url')
}

function quoted(schema: string, table: string): string {
  return [schema, table].map((name) => `\`${name.replaceAll('`', '``')}\``).join('.')
}
