declare const markdown: unique symbol

/** Text that is safe to post. Only this file makes it, so a plain string cannot reach GitHub unescaped. */
export type Markdown = string & { readonly [markdown]: true }

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** Template tag. A plain string as a value does not compile: say with {@link text} or {@link code} what it is. */
export function md(
  parts: TemplateStringsArray,
  ...values: readonly (Markdown | number)[]
): Markdown {
  return String.raw({ raw: parts.map((part) => part) }, ...values) as Markdown
}

/** `untrusted`, cut to at most `most` characters. */
export function shorten(untrusted: string, most: number): string {
  if (untrusted.length <= most) return untrusted
  return `${untrusted.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** Untrusted words as words: nothing in them acts as Markdown, HTML, a mention, a link or a reference. */
export function text(untrusted: string): Markdown {
  return asWords(printable(untrusted))
}

/** As long as one sentence may become, so that no message can fill a comment. */
const LONGEST_SENTENCE = 2000

/**
 * A sentence of a refusal: words as in {@link text}, and what stands between backticks as code, because
 * refusals show commands to copy. One that is too long is cut.
 */
export function sentence(untrusted: string): Markdown {
  let rendered = wholeSentence(shorten(untrusted, LONGEST_SENTENCE))
  for (let most = LONGEST_SENTENCE / 2; rendered.length > LONGEST_SENTENCE; most /= 2) {
    rendered = wholeSentence(shorten(untrusted, most))
  }
  return rendered
}

function wholeSentence(untrusted: string): Markdown {
  const parts = printable(untrusted).split('`')
  // An even number of parts means that a backtick was left open: then none of them means anything.
  if (parts.length % 2 === 0) return asWords(parts.join('`'))
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return code(part)
      // Two code spans without anything between them would be one.
      const between = index > 0 && index < parts.length - 1
      return part === '' && between ? '&#8203;' : asWords(part)
    })
    .join('') as Markdown
}

/** Untrusted text as inline code, also when it holds backticks itself; safe in a table cell. */
export function code(untrusted: string): Markdown {
  const inner = printable(untrusted)
  // A pipe ends a table cell even inside code, and no escape of it works both inside and outside a table;
  // an element can hold it as an entity. The same goes for code that is empty.
  if (inner.includes('|') || inner.trim() === '')
    return `<code>${asWords(inner)}</code>` as Markdown
  const marks = '`'.repeat(longestRun(inner, '`') + 1)
  const pad = inner.startsWith('`') || inner.endsWith('`') ? ' ' : ''
  return `${marks}${pad}${inner}${pad}${marks}` as Markdown
}

/** The languages in which a fenced block may be coloured; GitHub draws what is `mermaid`. */
export type FenceLanguage = 'diff' | 'mermaid' | 'sql' | 'text'

/** Untrusted lines as a fenced block whose fence is longer than any inside. */
export function fence(language: FenceLanguage, untrusted: string): Markdown {
  const lines = untrusted
    .split(/\r\n|[\n\r]/)
    .map((line) => printable(line.replaceAll('\t', '    ')))
  const body = lines.join('\n').replace(/\n+$/, '')
  const marks = '`'.repeat(Math.max(3, longestRun(body, '`') + 1))
  return `${marks}${language}\n${body}\n${marks}` as Markdown
}

/** A part that is folded away until the reader opens it. */
export function details(summary: Markdown, body: Markdown): Markdown {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>` as Markdown
}

/** A table; a cell is one line. */
export function table(head: readonly Markdown[], rows: readonly (readonly Markdown[])[]): Markdown {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n') as Markdown
}

/**
 * A link under our own words. The address comes from our own configuration or from GitHub; one that is no
 * http address becomes the words alone.
 */
export function link(words: Markdown, url: string): Markdown {
  if (!URL.canParse(url)) return words
  const { protocol, href } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return words
  const address = href.replace(/[()<>[\]\\`'"*_~|]/g, (char) => `%${hex(char)}`)
  return `[${words}](${address})` as Markdown
}

/** A mark that readers do not see, by which the Action finds its own comment again. */
export function hiddenMark(name: string): Markdown {
  // Two hyphens in a row may end a comment; a dot cannot be part of a database's name.
  const safe = name.replace(/[^A-Za-z0-9:_-]/g, '_').replaceAll('--', '-.')
  return `<!-- ${safe} -->` as Markdown
}

/** A number for people: 48,200 → 48.2K. */
export function count(value: number): Markdown {
  return COMPACT.format(value) as Markdown
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A size for people: 1,572,864 → 1.5 MiB. */
export function size(bytes: number): Markdown {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${Number(value.toPrecision(3))} ${UNITS[power]}` as Markdown
}

/** A length of time for people: 5,400 → 1 h 30 min. */
export function duration(seconds: number): Markdown {
  const whole = Math.max(0, Math.round(seconds))
  const [d, h, min, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ]
  const parts = [
    [d, 'd'],
    [h, 'h'],
    [min, 'min'],
    [s, 's'],
  ] as const
  const first = parts.findIndex(([value]) => value > 0)
  if (first === -1) return '0 s' as Markdown
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ') as Markdown
}

/** A time of day in UTC: 14:20. */
export function time(at: Date): Markdown {
  return at.toISOString().slice(11, 16) as Markdown
}

/** A day and time in UTC: 2026-03-01 14:20. */
export function dayAndTime(at: Date): Markdown {
  return at.toISOString().slice(0, 16).replace('T', ' ') as Markdown
}

export function join(items: readonly Markdown[], separator: Markdown): Markdown {
  return items.join(separator) as Markdown
}

/** Blocks with an empty line between them; empty ones are left out. */
export function blocks(items: readonly Markdown[]): Markdown {
  return items.filter((item) => item !== '').join('\n\n') as Markdown
}

/** Nothing. */
export const NOTHING = '' as Markdown

/**
 * Every mark that Markdown or HTML gives a meaning to where it stands, as an entity: an entity is text,
 * never syntax. Marks that mean something at the start of a line only are left alone elsewhere.
 *
 * That alone is not enough on GitHub. It looks for mentions, references, emoji and addresses in the
 * finished HTML, where an entity is the character again; so these are broken by a zero-width space, as
 * bots that quote changelogs do.
 */
function asWords(value: string): Markdown {
  return (
    value
      // An underscore is part of a word for a regular expression, but a link may begin after one.
      .replace(/[@#]|:(?=[\w+/-])|(?<![a-z\d])(?:www(?=\.)|GH-(?=\d))/gi, `$&${BREAK}`)
      .replace(/(?<![a-z\d])(?=[a-f]*\d)[\da-f]{7,}(?![a-z\d])/gi, (sha) =>
        sha.replace(/.{6}/g, `$&${BREAK}`),
      )
      .replace(
        /[\\`*[\]<>|~@#&$]|(?<![a-z\d])_|_(?![a-z\d])|^\s*[-+=]|(?<=^\s*\d+)[.)]|:(?=\u200b)/gi,
        (mark) => {
          const last = mark.slice(-1)
          return `${mark.slice(0, -1)}&#${last.charCodeAt(0)};`
        },
      )
      .replaceAll(BREAK, '&#8203;') as Markdown
  )
}

/** A zero-width space; {@link printable} has taken out any that was there before. */
const BREAK = '\u200b'

/**
 * Without control characters, those that change the direction of the text around them, and those that
 * cannot be seen; each run becomes one space.
 */
function printable(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
}

function longestRun(value: string, char: string): number {
  let longest = 0
  for (const [run] of value.matchAll(new RegExp(`${char}+`, 'g'))) {
    longest = Math.max(longest, run.length)
  }
  return longest
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()
}
