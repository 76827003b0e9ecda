/** One way this product says no: the HTTP status the API answers with, and what the code means. */
export type ErrorEntry = { readonly status: number; readonly summary: string }

/**
 * Every way this product says no, with the text of each. `docs/errors.md` is generated from it.
 * A code is stable for ever; add one here in its group before throwing it.
 */
export const ERRORS = {
  // A server that cannot be reached or used
  BAD_URL: { status: 400, summary: 'A database URL cannot be read.' },
  DATABASE_UNREACHABLE: { status: 503, summary: 'The database server does not answer.' },
  ACCESS_DENIED: {
    status: 403,
    summary: 'The database refused the user, the password, or a right that is needed.',
  },
  DATABASE_MISSING: { status: 404, summary: 'The schema named in the URL does not exist.' },
  SERVER_NOT_FOUND: {
    status: 503,
    summary: 'No MySQL or MariaDB server program could be found for a throwaway server.',
  },
  // Preflight: what the engine needs from server and table
  BINLOG_OFF: { status: 422, summary: 'The server writes no binary log.' },
  BINLOG_FORMAT: { status: 422, summary: 'The binary log is not row-based or lacks key columns.' },
  BINLOG_RETENTION: { status: 422, summary: 'The binary log is kept for too short a time.' },
  SERVER_UNSUPPORTED: { status: 422, summary: 'The server lacks something the engine relies on.' },
  SERVER_READ_ONLY: { status: 422, summary: 'The server does not accept writes.' },
  PRIVILEGE_MISSING: { status: 403, summary: 'The account lacks a privilege.' },
  TABLE_MISSING: { status: 404, summary: 'The table to change does not exist.' },
  TABLE_EXISTS: { status: 409, summary: 'A table that would be created is already there.' },
  TABLE_UNSUPPORTED: { status: 422, summary: 'The engine cannot deploy a change of this table.' },
  NO_UNIQUE_KEY: {
    status: 422,
    summary:
      'A table has no unique key whose columns are all NOT NULL, in both its old and new form.',
  },
  FOREIGN_KEY: { status: 422, summary: 'A foreign key makes the swap of the table unsafe.' },
  TRIGGER: { status: 422, summary: 'The table has triggers, which a swap would lose.' },
  NAME_CLASH: { status: 409, summary: 'A table that the deploy needs to make is already there.' },
  LIMIT_UNREADABLE: {
    status: 422,
    summary: 'A limit of the throttle was given for something that cannot be read.',
  },
  // What can go wrong while a deployment runs
  ALTER_INVALID: { status: 422, summary: 'The statement is not an ALTER that can be deployed.' },
  NOT_INSTANT: { status: 422, summary: 'The change cannot be made without copying rows.' },
  VALUE_DOES_NOT_FIT: { status: 422, summary: 'An existing row cannot be held by the new schema.' },
  DUPLICATE_KEY: { status: 422, summary: 'Existing rows violate a new unique key.' },
  DRIFT_FOUND: { status: 500, summary: 'Live and shadow table differ and no change explains it.' },
  DISK_FULL: { status: 507, summary: 'The server has no room for the copy of a table.' },
  STREAM_STOPPED: { status: 500, summary: 'The change stream met something it must not skip.' },
  POSITION_GONE: { status: 410, summary: 'The binary log from the checkpoint on has been purged.' },
  VIEW_REFUSED: { status: 422, summary: 'The server does not take a view of the change.' },
  TABLE_CHANGED: { status: 409, summary: 'Somebody changed the table while it was deployed.' },
  REVERT_IMPOSSIBLE: { status: 409, summary: 'The old schema can no longer hold the new rows.' },
  OUTCOME_UNKNOWN: { status: 500, summary: 'It cannot be told whether a step happened.' },
  DEPLOYMENT_BUSY: { status: 409, summary: 'Another process is working on the deployment.' },
  CHECKPOINT_MISSING: { status: 404, summary: 'There is no deployment with this id to resume.' },
  // Schema files
  SQL_SYNTAX: { status: 422, summary: 'A schema file does not parse.' },
  SQL_NOT_ALLOWED: {
    status: 422,
    summary: 'A schema file or a migration holds something that it may not.',
  },
  SCHEMA_EMPTY: { status: 404, summary: 'No schema file was found.' },
  MIGRATIONS_UNCLEAR: {
    status: 422,
    summary: 'Nothing says which migrations run, or in which order.',
  },
  SCHEMA_TOO_LARGE: { status: 413, summary: 'The schema files exceed a limit.' },
  // Deploy requests
  DEPLOY_STATE: {
    status: 422,
    summary: 'The deployment is not in a state that allows this command.',
  },
  STALE_WRITE: { status: 409, summary: 'Another command changed the deployment first.' },
  NOT_FOUND: { status: 404, summary: 'There is no such thing.' },
  STORE_NEWER: { status: 500, summary: 'The store was written by a newer version.' },
  PLAN_CHANGED: { status: 409, summary: 'What would run is no longer what was reviewed.' },
  SCHEMA_CONFLICT: { status: 409, summary: 'Somebody else’s change does not go with this one.' },
  // Commands
  COMMAND_UNKNOWN: { status: 400, summary: 'There is no such command.' },
  COMMAND_INVALID: { status: 400, summary: 'A command cannot be read.' },
  COMMAND_AMBIGUOUS: { status: 400, summary: 'A comment holds more than one command.' },
  COMMAND_STALE: { status: 410, summary: 'A command was too old when it was read.' },
  PERMISSION_DENIED: { status: 403, summary: 'The person may not do this.' },
  APPROVAL_MISSING: { status: 403, summary: 'The plan lacks approvals that its branch asks for.' },
  LINT_ERROR: { status: 409, summary: 'Lint found an error that nobody has accepted.' },
  CONFIRM_REQUIRED: { status: 409, summary: 'A destructive plan needs a confirmation code.' },
  // The Action and the bot
  CONFIG_INVALID: { status: 422, summary: 'The configuration has an error.' },
  INPUT_INVALID: { status: 400, summary: 'An input or option is missing or wrong.' },
  EVENT_UNSAFE: { status: 422, summary: 'The Action was run on an event that is unsafe.' },
  BOT_REFUSED: { status: 502, summary: 'The bot did not accept the deploy request.' },
  SIGNATURE_INVALID: { status: 401, summary: 'The webhook is not signed with our secret.' },
  TOKEN_INVALID: { status: 401, summary: 'The token is missing, forged, expired or not for us.' },
  PAYLOAD_TOO_LARGE: { status: 413, summary: 'The request body is larger than allowed.' },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

/**
 * A no that a person can act on. It is shown in comments and API answers as it is, so `message` and
 * `next` hold names and counts, never row values, credentials or a driver's own text; that goes in `cause`.
 *
 * Anything else that is thrown is a bug or a lost connection and is not shown to users.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: ErrorCode
  /** What the reader can do now: one imperative sentence, with a command to copy where there is one. */
  readonly next: string

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly next: string; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.next = options.next
  }
}

/** Marks a branch that the types rule out; the compiler complains when a new case is forgotten. */
export function unreachable(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`)
}
