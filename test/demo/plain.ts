/** Markdown of the bot's comments as text for a terminal: what GitHub would fold away or draw is written out. */
export function toPlainText(markdown: string): string {
  return markdown
    .split(/^(`{3,}[a-z]*\n[\s\S]*?^`{3,}$)/m)
    .map((part) => (part.startsWith('```') ? plainFence(part) : plainWords(part)))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function plainFence(block: string): string {
  return block
    .split('\n')
    .slice(1, -1)
    .map((line) => `  ${line}`)
    .join('\n')
}

function plainWords(part: string): string {
  return part
    .split(/^((?:\|.*\|(?:\n|$))+)/m)
    .map((piece) =>
      piece.startsWith('|') ? plainTable(piece) : piece.split('\n').map(toWords).join('\n'),
    )
    .join('\n')
}

function plainTable(piece: string): string {
  const rows = piece
    .trim()
    .split('\n')
    .map((line) => line.split('|').slice(1, -1))
  return alignColumns(
    rows
      .filter((cells) => !cells.every((cell) => /^ *-+ *$/.test(cell)))
      .map((cells) => cells.map(toWords)),
  ).join('\n')
}

function toWords(text: string): string {
  return text
    .replace(/^#+ /, '')
    .replace(/<summary>(.*?)<\/summary>/g, '$1:')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<\/?[a-z]+[^>]*>/g, '')
    .replace(/\*\*|`|^> ?/g, '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .trim()
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  )
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
