import { isKeyword, isSymbol, type Token } from '../tokens.ts'
import { findInData } from './data.ts'
import { refuse, skip, skipUnless, type Verdict } from './verdict.ts'

/** Settings under which the texts of a file mean something else. */
const OTHER_MEANING: Readonly<Record<string, RegExp>> = {
  sql_mode: /ansi|no_backslash_escapes|oracle|postgresql|mssql|db2|maxdb/i,
  storage_engine: /^(?!innodb$).*/i,
  default_storage_engine: /^(?!innodb$).*/i,
  default_collation_for_utf8mb4: /./,
  character_set_collations: /./,
  sql_generate_invisible_primary_key: /^(?:1|on|true)$/i,
  explicit_defaults_for_timestamp: /^(?:0|off|false)$/i,
}

const SERVER = ['GLOBAL', 'PERSIST', 'PERSIST_ONLY', 'PASSWORD', 'ROLE', 'RESOURCE', 'STATEMENT']

/**
 * Settings of the session are passed over: a scratch session has those that it needs. Those of the server are refused, and
 * those that would make the same text mean another schema.
 */
export function judgeSet(tokens: readonly Token[]): Verdict {
  const [, second, third] = tokens
  // Dumps of replicated servers have it; it says nothing of the schema.
  if (/^@@global\.gtid_purged$/i.test(second?.text ?? '')) return skip('session')
  const isServer =
    isKeyword(second, ...SERVER) || (isKeyword(second, 'DEFAULT') && isKeyword(third, 'ROLE'))
  const server = isServer ? second : tokens.find(isServerVariable)
  if (server) {
    const next = 'Remove it; settings of the server and of accounts do not belong into migrations.'
    return refuse(server, 'a setting of the whole server', next)
  }
  const other = tokens.find((token, at) => changesMeaning(token, tokens.slice(at + 1)))
  if (other) {
    const next = 'Remove it, and write the definitions as they read without it.'
    return refuse(other, 'a setting that gives definitions another meaning', next)
  }
  return skipUnless(findInData(tokens), 'session')
}

function isServerVariable({ kind, text }: Token): boolean {
  return kind === 'variable' && /^@@(?:global|persist|persist_only)\./i.test(text)
}

function changesMeaning({ kind, text, value }: Token, after: readonly Token[]): boolean {
  const name = kind === 'variable' ? text.replace(/^@@(?:session\.|local\.)?/i, '') : value
  const pattern = kind === 'string' ? undefined : OTHER_MEANING[name.toLowerCase()]
  if (!pattern) return false
  const equals = after.findIndex((token) => isSymbol(token, '='))
  const end = after.findIndex((token) => isSymbol(token, ','))
  const values = equals === -1 ? [] : after.slice(equals + 1, end === -1 ? undefined : end)
  return values.some((token) => token.kind !== 'variable' && pattern.test(token.value))
}
