import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagramOf } from '../../src/render/diagram.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'
import { quoteName, type Table } from '../../src/schema/table.ts'

const ID = '`id` bigint NOT NULL'
const PK = 'PRIMARY KEY (`id`)'

function aTable(name: string, ...items: readonly string[]): Table {
  return parseTable(`CREATE TABLE ${quoteName(name)} (\n${items.join(',\n')}\n) ENGINE=InnoDB`)
}

const reference = (column: string, parent: string, name = `${column}_fk`) =>
  `CONSTRAINT \`${name}\` FOREIGN KEY (\`${column}\`) REFERENCES \`${parent}\` (\`id\`)`

const CUSTOMERS = aTable('customers', ID, '`email` text', PK, 'UNIQUE KEY `e` (`email`(9))')
const ITEMS = aTable(
  'items',
  '`order_id` bigint NOT NULL',
  '`pk` int NOT NULL',
  '`sku` varchar(20)',
  'PRIMARY KEY (`order_id`,`pk`)',
  reference('order_id', 'orders'),
)

const FROM = schemaOf([
  CUSTOMERS,
  ITEMS,
  aTable(
    'orders',
    ID,
    '`customer_id` bigint NOT NULL',
    '`total` decimal(10,2) NOT NULL',
    "`state` enum('a','}','\"') NOT NULL",
    '`old_id` bigint NOT NULL',
    PK,
    reference('customer_id', 'customers'),
    reference('old_id', 'legacy'),
  ),
  aTable('legacy', ID, PK),
  aTable('elsewhere', ID, PK),
])
const TO = schemaOf([
  CUSTOMERS,
  ITEMS,
  aTable(
    'orders',
    ID,
    '`customer_id` bigint DEFAULT NULL',
    '`total` decimal(12,2) NOT NULL',
    "`state` enum('a') NOT NULL DEFAULT 'a'",
    '`refund_id` bigint DEFAULT NULL',
    PK,
    'UNIQUE KEY `r` (`refund_id`)',
    reference('customer_id', 'customers'),
    reference('refund_id', 'refunds'),
  ),
  aTable('refunds', ID, '`金額` decimal(10,2)', PK),
  aTable('elsewhere', ID, PK),
])

describe('diagramOf', () => {
  test('shows what becomes of the changed tables, and the keys of their neighbours', () => {
    expect(diagramOf(FROM, TO)).toMatchInlineSnapshot(`
      "erDiagram
        "legacy (dropped)" {
          bigint id PK
        }
        "orders (changed)" {
          bigint id PK
          bigint customer_id FK "was NOT NULL"
          decimal(12_2) total "was decimal(10,2)"
          enum state "was enum('a','_','_')"
          bigint refund_id FK, UK "new"
          bigint old_id FK "dropped"
        }
        "refunds (new)" {
          bigint id PK
          decimal(10_2) __ "金額"
        }
        "customers" {
          bigint id PK
          text email UK
        }
        "items" {
          bigint order_id PK, FK
          int _pk PK
        }
        "customers" |o--o{ "orders (changed)" : "customer_id"
        "refunds (new)" |o--o| "orders (changed)" : "refund_id (new)"
        "legacy (dropped)" ||..o{ "orders (changed)" : "old_id (dropped)"
        "orders (changed)" ||--o{ "items" : "order_id""
    `)
  })

  test('knows a column again that a hint renames', () => {
    const before = schemaOf([aTable('t', ID, '`a` int', PK)])
    const after = schemaOf([aTable('t', ID, '`b` bigint', PK)])
    const renames = new Map([['t', new Map([['b', 'a']])]])

    expect(diagramOf(before, after, renames)?.split('\n').slice(2, 5)).toEqual([
      '    bigint id PK',
      '    bigint b "was named a, was int"',
      '  }',
    ])
  })

  test('is empty when no table differs', () => {
    expect(diagramOf(FROM, FROM)).toBe('')
  })

  test('leaves out what did not change before what did', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => `\`c${at}\` int`)
    const before = schemaOf([aTable('wide', ID, ...many(60), PK)])
    const after = schemaOf([aTable('wide', ID, ...many(60), '`last` int', PK)])

    const lines = diagramOf(before, after)?.split('\n') ?? []

    expect(lines).toContain('    int last "new"')
    expect(lines).toContain('    int c37')
    expect(lines).not.toContain('    int c38')
    expect(lines).toContain('    and _22_more')
  })

  test('leaves out neighbours when there are too many', () => {
    const children = Array.from({ length: 45 }, (_, at) =>
      aTable(`child${at}`, ID, PK, reference('id', 'parent')),
    )
    const before = schemaOf([aTable('parent', ID, PK), ...children])
    const after = schemaOf([aTable('parent', ID, '`note` text', PK), ...children])

    expect(diagramOf(before, after)).toBe(
      'erDiagram\n  "parent (changed)" {\n    bigint id PK\n    text note "new"\n  }',
    )
  })

  test('draws nothing of a change that no picture could show', () => {
    const tables = Array.from({ length: 41 }, (_, at) => aTable(`t${at}`, ID, PK))

    expect(diagramOf(schemaOf([]), schemaOf(tables))).toBeNull()
    expect(diagramOf(schemaOf([]), schemaOf(tables.slice(1)))).not.toBeNull()
  })

  test('calls no two tables the same', () => {
    const tables = [aTable('a b', ID, PK), aTable('a_b', ID, PK), aTable('a%b', ID, PK)]

    const text = diagramOf(schemaOf([]), schemaOf(tables)) ?? ''

    expect(text.match(/".*"/g)).toEqual(['"a_b (new)"', '"a_b_2 (new)"', '"a_b_3 (new)"'])
  })
})

/**
 * What Mermaid 10.9 to 12.3 reads as one line of an `erDiagram`, without anything that its lexer, its preprocessor or
 * its labels give another meaning to. The parser itself is not among our packages: it would be 200 MB of them.
 */
const NAME = String.raw`"[\p{L}\p{M}\p{N}_.…-]+(?: \((?:new|changed|dropped)\))?"`
const WORD = String.raw`(?!(?:pk|fk|uk)\b)[A-Za-z_][\w()-]*`
const REMARK = String.raw`"[\p{L}\p{M}\p{N}\w.,()' …-]+"`
const KEYS = '(?:[PFU]K)(?:, [PFU]K)*'
const LINES = {
  entity: new RegExp(String.raw`^  ${NAME}( \{)?$`, 'u'),
  attribute: new RegExp(`^    ${WORD} ${WORD}(?: ${KEYS})?(?: ${REMARK})?$`, 'iu'),
  end: /^ {2}\}$/,
  relation: new RegExp(String.raw`^  ${NAME} \|[|o](?:--|\.\.)o[|{] ${NAME} : ${REMARK}$`, 'u'),
} as const

/** The kinds of lines of a diagram; `null` for one that is none. */
function kindsOf(diagram: string): (keyof typeof LINES | null)[] {
  const [head, ...lines] = diagram.split('\n')
  expect(head).toBe('erDiagram')
  // Sound: the keys of LINES are the kinds.
  const kinds = Object.keys(LINES) as (keyof typeof LINES)[]
  return lines.map((line) => kinds.find((kind) => LINES[kind].test(line)) ?? null)
}

/** What could end a string, a block, a line or the fence, or is an instruction to Mermaid. */
const PIECES = [
  ...[
    '"',
    '}',
    '{',
    '\n',
    '\r',
    '\\',
    '`',
    '```',
    '%%',
    '%%{init: {"theme":"dark"}}%%',
    '---',
    '~x~',
  ],
  ...[
    'direction TB',
    'direction',
    'accTitle: x',
    'accDescr {',
    'style',
    'classDef',
    'click',
    'end',
  ],
  ...[
    '#quot;',
    '#',
    ';',
    ':',
    ':::',
    '||--o{',
    'u--',
    '1',
    '0+',
    'many',
    'pk',
    'FK',
    'uk-',
    '$$x$$',
  ],
  ...[
    '<b a="x">',
    '<script>',
    '[',
    ']',
    ',',
    '.',
    '-',
    '*',
    '\u2028',
    '\u202e',
    '\0',
    'é',
    '表',
    ' ',
  ],
  ...['__proto__', 'constructor', 'a'],
] as const

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((pieces) => pieces.join('').slice(0, 64))
  .filter((name) => name !== '')

describe('with hostile names', () => {
  test('RENDER-2: a diagram holds the lines of its tables, columns and foreign keys, and no other', () => {
    const names = fc
      .tuple(hostile, hostile, hostile, hostile, hostile)
      .filter(([one, other, column, added]) => one !== other && column !== added)
    fc.assert(
      fc.property(names, ([one, other, column, added, value]) => {
        const type = `enum('${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}')`
        const build = (columns: readonly string[]) =>
          aTable(
            one,
            ...columns.map((name) => `${quoteName(name)} ${type}`),
            `CONSTRAINT \`f\` FOREIGN KEY (${quoteName(column)}) REFERENCES ${quoteName(other)} (\`id\`)`,
          )
        const parent = aTable(other, ID, PK)
        const from = schemaOf([build([column]), parent])
        const to = schemaOf([build([column, added]), parent])

        const drawn = diagramOf(from, to) ?? ''

        expect(kindsOf(drawn).toSorted()).toEqual([
          ...['attribute', 'attribute', 'attribute'],
          ...['end', 'end', 'entity', 'entity', 'relation'],
        ])
      }),
      { numRuns: 500 },
    )
  })

  test('the grammar of this test takes each attack for what it is when nothing is done against it', () => {
    const raw = (name: string) => `erDiagram\n  "${name}" {\n    int ${name} "${name}"\n  }`
    const tame = PIECES.filter((piece) => !kindsOf(raw(piece)).includes(null))

    expect(tame).toEqual([
      ...['direction', 'style', 'classDef', 'click', 'end', 'u--', 'many'],
      ...['__proto__', 'constructor', 'a'],
    ])
  })
})
