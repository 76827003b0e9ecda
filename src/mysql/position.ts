import { Refusal } from '../errors.ts'
import { parseGtidSet } from './gtid-set.ts'
import { type Flavour, readBinlogEnd, readServer, readVariables } from './server.ts'
import type { Session } from './session.ts'

/** A place in a server's binlog: everything before it is known, everything after it is still to come. */
export type Position =
  | { readonly kind: 'file'; readonly file: string; readonly offset: bigint }
  | { readonly kind: 'gtid'; readonly flavour: Flavour; readonly set: string }

/**
 * The end of the binlog of `session`'s server. By GTID where the server has one to give, because such a position
 * is also understood by a replica that takes its place; else file and offset.
 *
 * @throws {Refusal} BINLOG_OFF.
 */
export async function readPosition(session: Session): Promise<Position> {
  const { flavour } = await readServer(session)
  const variables = await readVariables(session, ['gtid_mode', 'gtid_binlog_pos'])
  const mariadbSet = variables.get('gtid_binlog_pos') ?? ''
  const end = await readBinlogEnd(session)
  if (!end) {
    throw new Refusal('BINLOG_OFF', 'The server writes no binary log.', {
      next: 'Start the server with --log-bin and --binlog-format=ROW.',
    })
  }
  if (flavour === 'mariadb' && mariadbSet !== '') return { kind: 'gtid', flavour, set: mariadbSet }
  // A server that has only just turned GTIDs on cannot send what it wrote before by GTID.
  if (flavour === 'mysql' && variables.get('gtid_mode') === 'ON' && end.executed !== '') {
    return { kind: 'gtid', flavour, set: parseGtidSet(flavour, end.executed).toString() }
  }
  return { kind: 'file', file: end.file, offset: end.offset }
}

/**
 * -1 when `a` is before `b`, 0 when they are the same place, 1 when `a` is after `b`; null when that cannot be
 * told: positions of different kinds or servers, or sets of which neither holds the other.
 *
 * Files are compared by the number that they end in: as text, binlog.1000000 would be before binlog.999999.
 */
export function comparePositions(a: Position, b: Position): -1 | 0 | 1 | null {
  if (a.kind === 'file') return b.kind === 'file' ? compareFiles(a, b) : null
  return b.kind === 'gtid' ? compareSets(a, b) : null
}

type FilePosition = Position & { readonly kind: 'file' }
type GtidPosition = Position & { readonly kind: 'gtid' }

function compareFiles(a: FilePosition, b: FilePosition): -1 | 0 | 1 | null {
  const [fileA, fileB] = [parseFile(a.file), parseFile(b.file)]
  if (fileA === null || fileB === null || fileA.base !== fileB.base) return null
  return order(fileA.number, fileB.number) || order(a.offset, b.offset)
}

function compareSets(a: GtidPosition, b: GtidPosition): -1 | 0 | 1 | null {
  const [setA, setB] = [parseGtidSet(a.flavour, a.set), parseGtidSet(b.flavour, b.set)]
  const [aHoldsB, bHoldsA] = [setA.contains(setB), setB.contains(setA)]
  if (aHoldsB && bHoldsA) return 0
  if (aHoldsB) return 1
  return bHoldsA ? -1 : null
}

function order(a: bigint, b: bigint): -1 | 0 | 1 {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function parseFile(name: string): { readonly base: string; readonly number: bigint } | null {
  const match = /^(.*)\.(\d+)$/.exec(name)
  return match ? { base: match[1] ?? '', number: BigInt(match[2] ?? '') } : null
}

/** `position` as JSON text, for a checkpoint. */
export function positionToJson(position: Position): string {
  return JSON.stringify(position, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

/**
 * The position that {@link positionToJson} wrote; takes the text, or the value a driver already made of it.
 *
 * @throws {Refusal} CHECKPOINT_MISSING when it is none.
 */
export function positionFromJson(json: unknown): Position {
  const value: unknown = typeof json === 'string' ? parseJson(json) : json
  const position = typeof value === 'object' && value !== null ? findPosition({ ...value }) : null
  if (position) return position
  throw new Refusal('CHECKPOINT_MISSING', 'The checkpoint holds no position in the binary log.', {
    next: 'Cancel the deployment and start it again.',
  })
}

function findPosition(fields: Readonly<Record<string, unknown>>): Position | null {
  const { kind, file, offset, flavour, set } = fields
  if (kind === 'file' && typeof file === 'string' && /^\d+$/.test(String(offset))) {
    return { kind, file, offset: BigInt(String(offset)) }
  }
  if (
    kind === 'gtid' &&
    (flavour === 'mysql' || flavour === 'mariadb') &&
    typeof set === 'string'
  ) {
    return { kind, flavour, set }
  }
  return null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Text that is no JSON is no position either, and the caller says so.
    return null
  }
}
