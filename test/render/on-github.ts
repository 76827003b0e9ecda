import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

/** What could act in a comment: elements that do something, and words that GitHub gives a meaning to. */
export type Acting = {
  /** Each element that is not plain formatting, as it stands in the HTML. */
  readonly elements: readonly string[]
  /** Mentions, references, emoji and addresses that GitHub would make of the words. */
  readonly words: readonly string[]
}

/** The formatting that the renderers use themselves; they carry no address and no attribute. */
const PLAIN =
  /^<\/?(p|h3|em|strong|code|pre|ul|ol|li|table|thead|tbody|tr|th|td|hr|br|blockquote|sub|details|summary)( \/)?>$/
const LANGUAGE = /^<code class="language-(diff|mermaid|sql|text)">$/

/**
 * Renders a comment as GitHub does: GFM, with HTML let through (GitHub's sanitiser comes later and lets
 * links and images pass), then the filters that look for mentions and references in the words outside code.
 */
export function actingIn(markdown: string): Acting {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    allowDangerousProtocol: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  const tags = html.match(/<[^>]*>/g) ?? []
  const words = html
    .replace(/<pre>.*?<\/pre>|<code>.*?<\/code>/gs, '¦')
    .replace(/<[^>]*>/g, '¦')
    .replace(/&#(\d+);/g, (_, point) => String.fromCodePoint(Number(point)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
  return {
    elements: tags.filter((tag) => !PLAIN.test(tag) && !LANGUAGE.test(tag)),
    words: WORDS.flatMap((pattern) => words.match(pattern) ?? []),
  }
}

const WORDS = [
  /(?<![\w.])@[a-z0-9][a-z0-9-]*/gi,
  /[\w.+-]+@[\w-]+\.\w+/g,
  /#\d+/g,
  /\bGH-\d+/gi,
  /:[\w+-]+:/g,
  /\bwww\.\w/gi,
  /\b(https?|ftp|mailto|xmpp):[/\w]/gi,
  /\b(?=[a-f]*\d)[\da-f]{7,40}\b/gi,
]
