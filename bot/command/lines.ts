/**
 * The lines of a comment that start with a slash and that a reader sees as plain text, without the space
 * around them. Quotes, code blocks, HTML comments and lines with anything before the slash are left out.
 */
export function* commandLines(body: string): Generator<string> {
  let inside: Block | null = null
  for (const line of body.split(/\r\n|\r|\n/)) {
    if (inside) {
      if (inside.endsWith(line)) inside = null
      continue
    }
    inside = blockStarting(line)
    if (!inside && /^ {0,3}\/[a-z]/i.test(line)) yield line.trim()
  }
}

/** Several lines that are not plain text; the line that ends it still belongs to it. */
type Block = { readonly endsWith: (line: string) => boolean }

function blockStarting(line: string): Block | null {
  // Three backticks with another one later in the line are inline code, not the start of a block.
  const fence = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1]
  if (fence) return { endsWith: (end) => closesFence(end.trim(), fence) }
  const opensComment = /^ {0,3}<!--/.test(line) && !line.includes('-->')
  return opensComment ? { endsWith: (end) => end.includes('-->') } : null
}

/** As many of the same marks as opened it, or more, and nothing else. */
function closesFence(line: string, fence: string): boolean {
  return line.startsWith(fence) && [...line].every((mark) => mark === fence[0])
}
