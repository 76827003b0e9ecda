import { describe, expect, test } from 'vitest'
import { countLevels, type LintInput, lint, lintChange, suppress } from '../../src/lint/lint.ts'
import { levelOf, RULES } from '../../src/lint/rules.ts'
import { suppressionsOf } from '../../src/lint/suppression.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'

const TABLE = [
  'CREATE TABLE `t` (',
  '  `id` int NOT NULL,',
  '  `a` float DEFAULT NULL,',
  '  PRIMARY KEY (`id`),',
  '  KEY `k` (`id`)',
  ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4',
].join('\n')

/** One table, defined by `file`. */
function run(file: string, options: Partial<LintInput> = {}) {
  const { findings, accepted } = lint({
    wanted: schemaOf([parseTable(TABLE)]),
    from: null,
    sources: file === '' ? [] : checkSchemaFile(file, 'shop.sql'),
    levels: {},
    ...options,
  })
  const line = ({ rule, level, place }: (typeof findings)[number]) =>
    `${level} ${rule} ${place ? `${place.line}:${place.column}` : '-'}`
  return {
    findings: findings.map(line),
    accepted: accepted.map(({ finding, reason }) => `${finding.rule}: ${reason}`),
    messages: findings.map(({ message }) => message),
  }
}

describe('lint', () => {
  test('says of a hint that renames nothing where it stands and why', () => {
    const file = TABLE.replace(
      'NULL,\n  PRIMARY',
      'NULL, -- crossfade:renamed-from HINT\n  PRIMARY',
    )
    const hinted = (old: string, former: string) => {
      const from = schemaOf([parseTable(TABLE.replace('`a` float', `\`${former}\` float`))])
      const { findings, messages } = run(file.replace('HINT', old), { from })
      const at = findings.findIndex((line) => line.includes('rename-hint'))
      return at === -1 ? null : `${findings[at]} ${messages[at]}`
    }

    expect(hinted('was', 'was')).toBeNull()
    expect(hinted('was', 'a')).toBeNull()
    expect([
      hinted('id', 'id2'),
      hinted('wass', 'was'),
      hinted('gone', 'was'),
      hinted('', 'was'),
    ]).toMatchInlineSnapshot(`
      [
        "error rename-hint 3:27 The column \`t\`.\`a\` is said to have been \`id\`, which the table still has.",
        "error rename-hint 3:27 The column \`t\`.\`a\` is said to have been \`wass\`, but there is no such column now, so nothing is renamed. Did you mean \`was\`?",
        "error rename-hint 3:27 The column \`t\`.\`a\` is said to have been \`gone\`, but there is no such column now, so nothing is renamed.",
        "error rename-hint 3:27 The comment \`crossfade:renamed-from\` has no effect: one column has to follow it, and nothing else.",
      ]
    `)
  })

  test('takes a hinted column for no drop', () => {
    const from = schemaOf([parseTable(TABLE.replace('`a` float', '`was` float'))])
    const rulesOf = (file: string) =>
      run(file, { from })
        .findings.map((line) => line.split(' ')[1])
        .filter((rule) => /drop|rename/.test(rule ?? ''))

    expect(rulesOf(TABLE)).toEqual(['drop-column', 'rename-as-drop-add'])
    expect(
      rulesOf(TABLE.replace('NULL,\n  PRIMARY', 'NULL, -- crossfade:renamed-from was\n  PRIMARY')),
    ).toEqual([])
  })

  test('puts findings in the order of level and place', () => {
    expect(run(TABLE).findings).toEqual(['warning redundant-index 5:3', 'info float 3:3'])
  })

  test('knows no place where there is no file', () => {
    expect(run('').findings).toEqual(['warning redundant-index -', 'info float -'])
  })

  test('takes levels from the config, and runs no rule that is off', () => {
    const levels = { float: 'error', 'redundant-index': 'off', fk: 'warning' } as const

    expect(run(TABLE, { levels }).findings).toEqual(['error float 3:3'])
  })

  test('looks at changes only where there is something to compare with', () => {
    const from = schemaOf([])

    expect(run(TABLE, { from }).findings).toEqual([
      'warning redundant-index 5:3',
      'info deploy-order 1:1',
      'info float 3:3',
    ])
    expect(run(TABLE).findings).not.toContain('info deploy-order 1:1')
  })

  test.each([
    ['before the table', `-- crossfade:ignore redundant-index: kept for the report\n${TABLE}`],
    ['with #', `# crossfade:ignore redundant-index: kept for the report\n${TABLE}`],
    ['with /* */', `/* crossfade:ignore redundant-index: kept for the report */ ${TABLE}`],
    [
      'inside',
      TABLE.replace('),\n', '), -- crossfade:ignore redundant-index: kept for the report\n'),
    ],
    ['on the last line', `${TABLE}; -- crossfade:ignore redundant-index: kept for the report`],
  ])('accepts what a comment gives a reason for: %s', (_, file) => {
    const { findings, accepted } = run(file)

    expect(findings).toEqual([expect.stringMatching(/^info float/)])
    expect(accepted).toEqual(['redundant-index: kept for the report'])
  })

  test('accepts several rules for one reason, and a reason with colons', () => {
    const { findings, accepted } = run(
      `-- crossfade:ignore redundant-index, float: see: the wiki\n${TABLE}`,
    )

    expect(findings).toEqual([])
    expect(accepted).toEqual(['redundant-index: see: the wiki', 'float: see: the wiki'])
  })

  test('keeps the comment of one table from another', () => {
    const other = 'CREATE TABLE u (id INT); -- crossfade:ignore float: measured\n\n'

    expect(run(other + TABLE).findings).toContain('info float 5:3')
    expect(run(`${TABLE};\n-- crossfade:ignore float: measured\n`).findings).toContain(
      'info float 3:3',
    )
  })

  test.each([
    [
      'crossfade:ignore float',
      'The comment `crossfade:ignore float` gives no reason, so it has no effect.',
    ],
    [
      'crossfade:ignore float:  ',
      'The comment `crossfade:ignore float` gives no reason, so it has no effect.',
    ],
    ['crossfade:ignore', 'The comment `crossfade:ignore` names no rule.'],
    ['crossfade:ignore : why', 'The comment `crossfade:ignore` names no rule.'],
    [
      'crossfade:ignore redundent-index: why',
      'The comment `crossfade:ignore` has no effect: redundent-index is no rule; the nearest is redundant-index.',
    ],
    [
      'crossfade:ignore nothing: why',
      'The comment `crossfade:ignore` has no effect: nothing is no rule; docs/lint.md lists them.',
    ],
    [
      'crossfade:ignore suppression: why',
      'What is wrong with a `crossfade:ignore` cannot be ignored.',
    ],
  ])('says of a comment without effect: %s', (comment, message) => {
    const { findings, messages } = run(`/* ${comment} */\n\n${TABLE}`)

    expect(findings).toHaveLength(3)
    expect(findings).toContain('warning suppression 1:1')
    expect(messages).toContain(message)
  })

  test('is not misled by words that only look like it', () => {
    expect(run(`-- crossfade:ignored float: x\n${TABLE}`).findings).toEqual([
      'warning redundant-index 6:3',
      'info float 4:3',
    ])
    expect(
      run(TABLE.replace('float', "float COMMENT 'crossfade:ignore float: x'")).accepted,
    ).toEqual([])
  })
})

describe('what to do', () => {
  const fixOf = (rule: string, before: string, after: string) => {
    const table = (name: string, lines: string) =>
      parseTable(`CREATE TABLE \`${name}\` (\n${lines}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`)
    const fixes = (name: string) =>
      lint({
        wanted: schemaOf([table(name, after)]),
        from: schemaOf([table(name, before)]),
        sources: [],
        levels: {},
      }).findings.flatMap((finding) => (finding.rule === rule ? [finding.fix] : []))
    return { plain: fixes('users'), quoted: fixes('my users') }
  }

  test.each([
    [
      'not-null-may-fail',
      '`a` int',
      '`a` int NOT NULL',
      'SELECT COUNT(*) FROM users WHERE a IS NULL',
    ],
    [
      'unique-may-fail',
      '`a` int,\n`b` int',
      '`a` int,\n`b` int,\nUNIQUE KEY `u` (`a`,`b`)',
      'SELECT a, b, COUNT(*) FROM users GROUP BY a, b HAVING COUNT(*) > 1',
    ],
    ['lossy-change', '`a` bigint', '`a` int', 'SELECT MIN(a), MAX(a) FROM users'],
    ['lossy-change', '`a` varchar(9)', '`a` varchar(8)', 'SELECT MAX(CHAR_LENGTH(a)) FROM users'],
  ])(
    '%s has a query to copy, and only where it would run as it is shown',
    (rule, from, to, query) => {
      const { plain, quoted } = fixOf(rule, from, to)

      expect(plain).toEqual([expect.stringContaining(`\`${query}\``)])
      expect(quoted).toEqual([expect.not.stringContaining('my users')])
    },
  )
})

describe('lintChange', () => {
  const sideOf = (sql: string, comment = '') => ({
    schema: schemaOf([parseTable(sql)]),
    sources: checkSchemaFile(`${comment}${sql}`, 'shop.sql'),
  })
  const ACCEPTED = '-- crossfade:ignore float: measured\n'
  const rulesOf = (from: ReturnType<typeof sideOf>, to: ReturnType<typeof sideOf>) => {
    const { findings, accepted } = lintChange(from, to, {})
    return [findings.map(({ rule }) => rule), accepted.map(({ finding }) => finding.rule)]
  }

  test('tells what is new, and nothing that was there before', () => {
    const wider = TABLE.replace('  PRIMARY', '  `b` double DEFAULT NULL,\n  PRIMARY')

    expect(rulesOf(sideOf(TABLE), sideOf(TABLE))).toEqual([[], []])
    expect(rulesOf(sideOf(TABLE), sideOf(wider))).toEqual([
      ['deploy-order', 'instant-possible', 'float'],
      [],
    ])
  })

  test('tells again what is no longer accepted, and what has come to be', () => {
    expect(rulesOf(sideOf(TABLE, ACCEPTED), sideOf(TABLE))).toEqual([['float'], []])
    expect(rulesOf(sideOf(TABLE), sideOf(TABLE, ACCEPTED))).toEqual([[], ['float']])
    expect(rulesOf(sideOf(TABLE, ACCEPTED), sideOf(TABLE, ACCEPTED))).toEqual([[], []])
  })
})

describe('countLevels', () => {
  test('counts each level', () => {
    const { findings } = lint({
      wanted: schemaOf([parseTable(TABLE)]),
      from: null,
      sources: [],
      levels: { 'redundant-index': 'error' },
    })

    expect(countLevels(findings)).toEqual({ error: 1, warning: 0, info: 1 })
  })
})

describe('RULES', () => {
  test('have ids of their own, and texts that are whole sentences', () => {
    const ids = RULES.map(({ id }) => id)

    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, summary, why, fix } of RULES) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      for (const text of [summary, why, fix]) {
        expect(text, id).toMatch(/^[A-Z`1].*[.?]$/)
        expect(text.split('`').length % 2, id).toBe(1)
      }
    }
  })

  test('levels of the config win over their own', () => {
    const [rule] = RULES
    expect(rule && levelOf(rule, { [rule.id]: 'off' })).toBe('off')
    expect(rule && levelOf(rule, {})).toBe(rule?.level)
  })
})

describe('suppress', () => {
  test('accepts without the files what their comments accept', () => {
    const file = `-- crossfade:ignore redundant-index, float: kept\n${TABLE}`
    const sources = checkSchemaFile(file, 'shop.sql')
    const wanted = schemaOf([parseTable(TABLE)])
    const withFiles = lint({ wanted, from: null, sources, levels: {} })
    const withoutFiles = lint({ wanted, from: null, sources: [], levels: {} })

    const { findings, accepted } = suppress(withoutFiles, suppressionsOf(sources))

    expect(findings).toEqual([])
    expect(accepted.map(({ finding, reason }) => `${finding.rule}: ${reason}`).toSorted()).toEqual(
      withFiles.accepted.map(({ finding, reason }) => `${finding.rule}: ${reason}`).toSorted(),
    )
  })

  test('leaves alone what is said of another table or rule', () => {
    const result = lint({
      wanted: schemaOf([parseTable(TABLE)]),
      from: null,
      sources: [],
      levels: {},
    })

    const { findings } = suppress(result, [
      { table: 'T', rule: 'float', reason: 'x' },
      { table: 't', rule: 'fk', reason: 'x' },
    ])

    expect(findings).toEqual(result.findings)
  })
})
