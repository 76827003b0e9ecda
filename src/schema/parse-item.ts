import type { Refusal } from '../errors.ts'
import { plainConstraintName } from '../mysql/identifier.ts'
import { refusalAt } from './place.ts'
import {
  type Column,
  type ForeignKey,
  type Key,
  type KeyKind,
  type KeyPart,
  quoteName,
} from './table.ts'
import { isKeyword, isSymbol, sliceOf, splitList, type Token } from './tokens.ts'

/** A column from the tokens between two commas of a canonical `CREATE TABLE` with this default collation. */
export function parseColumn(
  text: string,
  item: readonly Token[],
  tableCollation: string | null,
): Column {
  const [name, ...written] = item
  if (!name || written.length === 0) throw unreadable(text, name)
  const { rest, definition: inherited } = withoutInherited(text, written, tableCollation)
  const definition = withVisibleDefault(inherited, rest)
  const typeEnd = endOfType(rest)
  const attributes = outsideParentheses(rest.slice(typeEnd))
  const type = sliceOf(text, rest.slice(0, typeEnd))
  return {
    name: name.value,
    definition,
    type,
    nullable: !hasPair(attributes, 'NOT', 'NULL'),
    generated: generatedKind(attributes),
    autoIncrement: attributes.some((token) => isKeyword(token, 'AUTO_INCREMENT')),
    inheritsCollation:
      TEXT_TYPE.test(type) &&
      !hasPair(attributes, 'CHARACTER', 'SET') &&
      !attributes.some((token) => isKeyword(token, 'COLLATE')),
  }
}

/**
 * MySQL names an inherited collation when it is not the default of its character set. Written back, it would become the
 * column's own, which is named with its character set, so it is taken out. The column's own is kept, also when it equals the
 * table's, and is no difference then (`diff-columns.ts`): a dump of a table would differ from the table.
 */
function withoutInherited(
  text: string,
  tokens: readonly Token[],
  tableCollation: string | null,
): { readonly rest: readonly Token[]; readonly definition: string } {
  const whole = { rest: tokens, definition: sliceOf(text, tokens) }
  const at = endOfType(tokens)
  const value = tokens[at + 1]
  if (!isKeyword(tokens[at], 'COLLATE') || value?.value !== tableCollation) return whole
  const after = tokens.slice(at + 2)
  const parts = [sliceOf(text, tokens.slice(0, at)), sliceOf(text, after)]
  return {
    rest: [...tokens.slice(0, at), ...after],
    definition: parts.filter((part) => part !== '').join(' '),
  }
}

/** Both servers print the default of a BINARY column as text, also bytes that nobody can see and no file may hold. */
function withVisibleDefault(definition: string, tokens: readonly Token[]): string {
  if (!isKeyword(tokens[0], 'BINARY', 'VARBINARY')) return definition
  const value = tokens.find((token, at) => token.kind === 'string' && isDefault(tokens[at - 1]))
  if (!value || !UNSEEN.test(value.text)) return definition
  const bytes = Buffer.from(value.value).toString('hex').toUpperCase()
  return definition.replace(value.text, () => `0x${bytes}`)
}

function isDefault(token: Token | undefined): boolean {
  return isKeyword(token, 'DEFAULT')
}

const UNSEEN = /\p{Cc}/u

const TEXT_TYPE = /^(?:(?:var)?char|(?:tiny|medium|long)?text|enum|set)\b/i

function endOfType(tokens: readonly Token[]): number {
  let at = isSymbol(tokens[1], '(') ? splitList(tokens, 1).end + 1 : 1
  while (isKeyword(tokens[at], 'UNSIGNED', 'ZEROFILL')) at += 1
  return at
}

function outsideParentheses(tokens: readonly Token[]): Token[] {
  const outside: Token[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (isSymbol(token, '(')) at = splitList(tokens, at).end
    else if (token) outside.push(token)
  }
  return outside
}

function hasPair(tokens: readonly Token[], first: string, second: string): boolean {
  return tokens.some((token, at) => isKeyword(token, first) && isKeyword(tokens[at + 1], second))
}

/** MariaDB's row start and end columns are written by the server too, and stored. */
function generatedKind(attributes: readonly Token[]): Column['generated'] {
  if (!hasPair(attributes, 'GENERATED', 'ALWAYS')) return null
  return attributes.some((token) => isKeyword(token, 'VIRTUAL')) ? 'virtual' : 'stored'
}

/** A key from the tokens between two commas of a canonical `CREATE TABLE`. */
export function parseKey(text: string, item: readonly Token[], kind: KeyKind): Key {
  const open = item.findIndex((token) => isSymbol(token, '('))
  const name = item.slice(0, Math.max(0, open)).find((token) => token.kind === 'quoted')
  if (open === -1 || (kind !== 'primary' && !name)) throw unreadable(text, item[0])
  return {
    name: name?.value ?? 'PRIMARY',
    kind,
    parts: splitList(item, open).items.map((part) => parseKeyPart(text, part)),
    hidden: hiddenOf(item),
    definition: sliceOf(text, item),
  }
}

function hiddenOf(item: readonly Token[]): Key['hidden'] {
  if (isKeyword(item.at(-1), 'INVISIBLE')) return 'INVISIBLE'
  return isKeyword(item.at(-1), 'IGNORED') ? 'IGNORED' : null
}

function parseKeyPart(text: string, part: readonly Token[]): KeyPart {
  const [first, open, length] = part
  if (first?.kind !== 'quoted') return { kind: 'expression', expression: sliceOf(text, part) }
  return {
    kind: 'column',
    column: first.value,
    length: isSymbol(open, '(') && length?.kind === 'number' ? Number(length.text) : null,
    descending: isKeyword(part.at(-1), 'DESC'),
  }
}

/** A foreign key from the tokens between two commas of a canonical `CREATE TABLE`. */
export function parseForeignKey(text: string, item: readonly Token[]): ForeignKey {
  const own = item.findIndex((token) => isSymbol(token, '('))
  const references = item.findIndex((token) => isKeyword(token, 'REFERENCES'))
  const theirs = item.findIndex((token, at) => at > references && isSymbol(token, '('))
  if (own === -1 || references === -1 || theirs === -1) throw unreadable(text, item[0])
  const path = item.slice(references + 1, theirs).filter(({ kind }) => kind === 'quoted')
  return {
    ...plainNamed(item[1]?.value ?? '', sliceOf(text, item)),
    columns: namesOf(item, own),
    parentSchema: path.length === 2 ? (path[0]?.value ?? null) : null,
    parent: path.at(-1)?.value ?? '',
    parentColumns: namesOf(item, theirs),
  }
}

/** A constraint under the name that a person gave it, whatever a deployment has put after that. */
export function plainNamed(
  serverName: string,
  definition: string,
): { readonly name: string; readonly serverName: string; readonly definition: string } {
  const name = plainConstraintName(serverName)
  const [before, after] = [quoteName(serverName), quoteName(name)]
  return { name, serverName, definition: definition.replace(before, () => after) }
}

function namesOf(tokens: readonly Token[], open: number): string[] {
  return splitList(tokens, open).items.flatMap((part) => part.slice(0, 1).map((t) => t.value))
}

/** The refusal of a `CREATE TABLE` that no supported server writes. */
export function unreadable(text: string, token: Token | undefined): Refusal {
  return refusalAt(
    'SQL_SYNTAX',
    'this is not written as a MySQL or MariaDB server writes it',
    { text, offset: token?.start ?? 0, file: 'CREATE TABLE' },
    'Report it as a bug, with the server version.',
  )
}
