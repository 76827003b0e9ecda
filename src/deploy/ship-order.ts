import { lossOf } from '../lint/loss.ts'
import type { Clause } from '../schema/diff/clause.ts'
import type { SchemaChange } from '../schema/diff/diff.ts'
import { type Check, type Column, quoteName, type Table } from '../schema/table.ts'

/**
 * In which order a change of the schema and the code that goes with it are deployed. `steps`: neither order works in
 * one step, so the change has to be made in several (expand, move the code, contract).
 */
export type ShipOrder = {
  readonly first: 'schema' | 'code' | 'either' | 'steps'
  /** One sentence. */
  readonly why: string
}

/** What to deploy first, the schema or the code, and why. */
export function shipOrder(change: SchemaChange): ShipOrder {
  switch (change.kind) {
    case 'create':
      return { first: 'schema', why: 'Code that uses the new table fails until it is there.' }
    case 'drop':
      return { first: 'code', why: 'Code that still uses the table fails once it is gone.' }
    case 'create_view':
      return { first: 'schema', why: 'Code that uses the new view fails until it is there.' }
    case 'drop_view':
      return { first: 'code', why: 'Code that still uses the view fails once it is gone.' }
    case 'replace_view':
      return {
        first: 'either',
        why: 'Code that uses the view has to understand both what it showed and what it will show.',
      }
    default:
      return combine(change.clauses.flatMap((clause) => orderOf(clause, change) ?? []))
  }
}

type Alter = Extract<SchemaChange, { readonly kind: 'alter' }>

function combine(orders: readonly ShipOrder[]): ShipOrder {
  const find = (first: ShipOrder['first']) => orders.find((order) => order.first === first)
  const [steps, schema, code] = [find('steps'), find('schema'), find('code')]
  if (steps) return steps
  if (schema && code) {
    return {
      first: 'steps',
      why: `Part of it wants the schema first (${lower(schema.why)}), part of it the code (${lower(code.why)}): make two deploy requests of it.`,
    }
  }
  return schema ?? code ?? { first: 'either', why: 'Code does not notice this change.' }
}

function lower(sentence: string): string {
  return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}`
}

function orderOf(clause: Clause, change: Alter): ShipOrder | null {
  switch (clause.kind) {
    case 'add_column':
      return orderOfNew(clause.column)
    case 'drop_column':
      return orderOfDropped(clause.column)
    case 'modify_column':
      return orderOfModified(clause, change)
    case 'add_key':
    case 'drop_key':
      return orderOfKey(clause)
    case 'add_check':
      return isMadeAnew(clause.check, change) ? null : orderOfRule()
    case 'add_foreign_key':
      return orderOfRule()
    case 'drop_check':
      return isMadeAnew(clause.check, change) ? null : orderOfFreedom()
    case 'drop_foreign_key':
      return orderOfFreedom()
    default:
      return null
  }
}

function orderOfRule(): ShipOrder {
  return codeFirst('Code that writes rows which the new rule forbids fails once it is there.')
}

function orderOfFreedom(): ShipOrder {
  return schemaFirst('Code that relies on the freedom fails until the rule is gone.')
}

/** A CHECK that is dropped and added as it was, because of what happens to a column that it names. */
function isMadeAnew({ definition }: Check, { from, to }: Alter): boolean {
  return [from, to].every(({ checks }) => checks.some((other) => other.definition === definition))
}

function schemaFirst(why: string): ShipOrder {
  return { first: 'schema', why }
}

function codeFirst(why: string): ShipOrder {
  return { first: 'code', why }
}

function orderOfNew(column: Column): ShipOrder {
  const name = quoteName(column.name)
  if (needsValue(column)) {
    return {
      first: 'steps',
      why: `The new column ${name} is NOT NULL without a default, so every INSERT of the present code fails: add it with a default or as NULL, let the code write it, then make it NOT NULL.`,
    }
  }
  return schemaFirst(`Code that uses the new column ${name} fails until it is there.`)
}

function orderOfDropped(column: Column): ShipOrder {
  const name = quoteName(column.name)
  if (needsValue(column)) {
    return {
      first: 'steps',
      why: `The column ${name} is NOT NULL without a default, so code that no longer writes it fails while it is there: give it a default, let the code forget it, then drop it.`,
    }
  }
  return codeFirst(`Code that still uses the column ${name} fails once it is gone.`)
}

function needsValue({ nullable, generated, autoIncrement, definition }: Column): boolean {
  return !nullable && generated === null && !autoIncrement && !/\bDEFAULT\b/i.test(definition)
}

function orderOfModified(
  { from, to }: Extract<Clause, { readonly kind: 'modify_column' }>,
  change: Alter,
): ShipOrder | null {
  const name = quoteName(from.name)
  if (from.name !== to.name) {
    return {
      first: 'steps',
      why: `${name} gets another name, and code knows only one of the two: add ${quoteName(to.name)}, write both, move the readers, then drop ${name}.`,
    }
  }
  if (from.nullable && !to.nullable)
    return codeFirst(`Code that writes NULL into ${name} fails then.`)
  if (from.type !== to.type) return orderOfType(from, to, change)
  return from.nullable === to.nullable
    ? null
    : schemaFirst(`Code that writes NULL into ${name} fails until it may be NULL.`)
}

function orderOfType(from: Column, to: Column, change: Alter): ShipOrder {
  const name = quoteName(from.name)
  const side = (column: Column, table: Table) => ({ column, table })
  const loss = lossOf(side(from, change.from), side(to, change.to))
  if (familyOf(from.type) !== familyOf(to.type)) {
    return {
      first: 'steps',
      why: `${name} becomes another kind of value, which present and coming code read differently: add a new column, write both, move the readers, then drop the old one.`,
    }
  }
  return loss === null
    ? schemaFirst(
        `Code that writes what only the new type of ${name} can hold fails until it is there.`,
      )
    : codeFirst(`Code that still writes ${loss} into ${name} fails once it has the new type.`)
}

const FAMILIES: readonly RegExp[] = [
  /^(?:tiny|small|medium|big)?int\b|^decimal\b|^float\b|^double\b/,
  /^(?:var)?char\b|^(?:tiny|medium|long)?text\b|^enum\b|^set\b/,
  /^(?:var)?binary\b|^(?:tiny|medium|long)?blob\b/,
  /^datetime\b|^timestamp\b/,
]

function familyOf(type: string): string {
  const found = FAMILIES.findIndex((family) => family.test(type))
  return found === -1 ? (/^\w+/.exec(type)?.[0] ?? type) : String(found)
}

function orderOfKey({
  kind,
  key,
}: Extract<Clause, { readonly kind: 'add_key' | 'drop_key' }>): ShipOrder | null {
  if (key.kind !== 'unique' && key.kind !== 'primary') return null
  return kind === 'add_key'
    ? codeFirst(
        'Code that writes rows which are equal in the new unique key fails once it is there.',
      )
    : schemaFirst('Code that writes equal rows fails until the unique key is gone.')
}
