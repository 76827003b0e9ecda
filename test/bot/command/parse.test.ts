import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { usageOf, VERBS, type Verb, WORDS } from '../../../bot/command/grammar.ts'
import { parseComment } from '../../../bot/command/parse.ts'
import { Refusal } from '../../../src/errors.ts'

describe('parseComment', () => {
  test.each([...WORDS])('reads /%s as %s, alone and after /schema', (word, verb) => {
    const argument = { throttle: ' 50', accept: ' float small' }[verb as string] ?? ''

    expect(parseComment(`/${word}${argument}`)).toMatchObject([{ verb }])
    expect(parseComment(`/schema ${word}${argument}`)).toMatchObject([{ verb }])
  })

  test('reads every part of a command', () => {
    expect(
      parseComment('/deploy production at=0123ABC cutover=hold revert=45m confirm=ab2cd'),
    ).toEqual([
      {
        verb: 'deploy',
        branch: 'production',
        ratio: null,
        at: '0123abc',
        cutover: 'hold',
        revertWindow: { ms: 45 * 60_000 },
        method: null,
        force: false,
        confirm: 'AB2CD',
        acceptance: null,
      },
    ])
    expect(parseComment('/throttle 95%')).toMatchObject([{ verb: 'throttle', ratio: 95 }])
    expect(parseComment('/stage revert=off')).toMatchObject([{ revertWindow: 'off' }])
  })

  test('reads what is accepted and why', () => {
    const acceptance = { rule: 'drop-column', reason: 'unused since May, see=wiki' }

    expect(parseComment('/accept drop-column unused  since May, see=wiki')).toMatchObject([
      { verb: 'accept', branch: null, acceptance },
    ])
    expect(
      parseComment('/accept shop/production drop-column unused since May, see=wiki'),
    ).toMatchObject([{ branch: 'shop/production', acceptance }])
    expect(parseComment('/accept float float')).toMatchObject([
      { branch: null, acceptance: { rule: 'float', reason: 'float' } },
    ])
  })

  test('finds a command among prose, and one that asks beside one that changes', () => {
    expect(parseComment('Looks good.\r\n\r\n  /Deploy  \r\nThanks!')).toMatchObject([
      { verb: 'deploy' },
    ])
    expect(parseComment('/status\n/deploy\n/status')).toMatchObject([
      { verb: 'status' },
      { verb: 'deploy' },
    ])
  })

  test.each([
    ['a quote', '> /deploy'],
    ['a fence', '```\n/deploy\n```'],
    ['a fence in a longer fence', '````sh\n```\n/deploy\n````'],
    ['a fence of tildes', '~~~\n/deploy\n~~~'],
    ['a fence that never ends', '```\n/deploy'],
    ['an indented code block', 'Like this:\n\n    /deploy'],
    ['inline code', '`/deploy`'],
    ['an HTML comment', '<!-- write\n/deploy\n-->'],
    ['a sentence', 'I would /deploy this'],
    ['a list item', '- /deploy'],
    ['a path', '/usr/bin/env\n/schema/shop/orders.sql\n/deploy/now'],
    ['commands of other bots', '/retest\n/lgtm\n/assign @somebody\n/close'],
    ['a slash', '/\n//\n/ deploy'],
    ['nothing', ''],
  ])('ignores %s', (_what, body) => {
    expect(parseComment(body)).toEqual([])
  })

  test.each([
    ['after a fence that was closed', '```\ncode\n```\n/deploy'],
    ['after inline code of three backticks', '```x``` is code\n/deploy'],
    ['after an HTML comment', '<!-- one -->\n/deploy'],
    ['after a longer HTML comment', '<!--\n one\n-->\n/deploy'],
  ])('reads a command %s', (_what, body) => {
    expect(parseComment(body)).toMatchObject([{ verb: 'deploy' }])
  })

  test.each([
    ['/depoly', 'COMMAND_UNKNOWN', 'Did you mean `/deploy`?'],
    ['/stauts', 'COMMAND_UNKNOWN', 'Did you mean `/status`?'],
    ['/skiprevert', 'COMMAND_UNKNOWN', 'Did you mean `/skip-revert`?'],
    ['/schema launch', 'COMMAND_UNKNOWN', 'Comment `/help` for the list of commands.'],
    ['/schema', 'COMMAND_UNKNOWN', 'Comment `/help` for the list of commands.'],
    ['/deploy when you have time', 'COMMAND_INVALID', usageOf('deploy')],
    ['/deploy force=blockers', 'COMMAND_INVALID', usageOf('deploy')],
    ['/cutover force=yes', 'COMMAND_INVALID', usageOf('cutover')],
    ['/deploy method=online', 'COMMAND_INVALID', usageOf('deploy')],
    ['/deploy at=main', 'COMMAND_INVALID', usageOf('deploy')],
    ['/deploy at=abcdef0 at=abcdef1', 'COMMAND_INVALID', usageOf('deploy')],
    ['/deploy cutover=now', 'COMMAND_INVALID', usageOf('deploy')],
    ['/deploy revert=8d', 'COMMAND_INVALID', usageOf('deploy')],
    ['/deploy @somebody', 'COMMAND_INVALID', usageOf('deploy')],
    ['/throttle', 'COMMAND_INVALID', usageOf('throttle')],
    ['/throttle 96', 'COMMAND_INVALID', usageOf('throttle')],
    ['/help me', 'COMMAND_INVALID', usageOf('help')],
    ['/accept', 'COMMAND_INVALID', usageOf('accept')],
    ['/accept float', 'COMMAND_INVALID', usageOf('accept')],
    ['/accept production float', 'COMMAND_INVALID', usageOf('accept')],
    ['/accept flaot because', 'COMMAND_INVALID', usageOf('accept')],
    ['/accept @somebody float because', 'COMMAND_INVALID', usageOf('accept')],
    [`/accept float ${'x'.repeat(301)}`, 'COMMAND_INVALID', usageOf('accept')],
    ['/stage\n/cutover', 'COMMAND_AMBIGUOUS', 'Write one command'],
    ['/cancel\n/cancel', 'COMMAND_AMBIGUOUS', 'Write one command'],
    [`/deploy\n${'x'.repeat(9000)}`, 'COMMAND_INVALID', 'a comment of its own'],
  ])('refuses %j with %s', (body, code, next) => {
    const refusal = refusalOf(body)

    expect(refusal).toMatchObject({ code })
    expect(refusal?.next).toContain(next)
  })

  test('takes any text: it answers with commands or refuses, and runs one change at most', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...[...WORDS.keys()].map((word) => `/${word}`), '```', '~~~', '> ', '<!--'),
      fc
        .tuple(fc.constantFrom('/deploy', '/schema', '/throttle'), fc.string())
        .map((p) => p.join(' ')),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        let commands: ReturnType<typeof parseComment> = []
        try {
          commands = parseComment(lines.join('\n'))
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal)
        }
        expect(commands.filter(({ verb }) => VERBS[verb].mutates).length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['slashes', (size: number) => '/'.repeat(size)],
    ['backticks', (size: number) => '`'.repeat(size)],
    ['fences', (size: number) => '```\n'.repeat(size / 4)],
    ['options', (size: number) => `/deploy ${'a=b '.repeat(size / 4)}`],
    ['words', (size: number) => `/status ${'a '.repeat(size / 2)}`],
    ['one word', (size: number) => `/${'a'.repeat(size)}`],
    ['comments', (size: number) => '<!--\n'.repeat(size / 5)],
    ['spaces', (size: number) => `/deploy${' '.repeat(size)}x y`],
  ])('needs time in proportion to the length of %s', (_what, make) => {
    const time = (size: number) => {
      const body = make(size)
      const started = performance.now()
      refusalOf(body)
      return performance.now() - started
    }
    time(40_000)

    // A quadratic parser would need minutes for a megabyte of any of these.
    expect(time(1_000_000)).toBeLessThan(2_000)
  })
})

describe('the grammar', () => {
  test('shows a usage for every verb that the parser itself accepts', () => {
    for (const verb of Object.keys(VERBS) as Verb[]) {
      const example = usageOf(verb)
        .replace('<ratio>', '10')
        .replace('[branch]', 'production')
        .replace('<commit>', '0123abc')
        .replace('auto|hold', 'auto')
        .replace('30m|off', 'off')
        .replace('shadow|instant', 'shadow')
        .replace('<code>', 'AB2CD')
        .replace('<rule>', 'float')
        .replaceAll(/[[\]]/g, '')
      expect(parseComment(example)).toMatchObject([{ verb }])
    }
  })
})

function refusalOf(body: string): Refusal | null {
  try {
    parseComment(body)
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}
