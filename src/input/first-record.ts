/** The first record of a CSV text, before anybody knows how its lines end and where its cells do. */

export type LineEnd = '\n' | '\r\n' | '\r'

/** How the first line ends, or a line feed. A header may have line breaks of another kind in its quoted names. */
export function firstLineEnd(text: string): LineEnd {
  const at = breakFrom(text, 0)
  if (text[at] !== '\r') return '\n'
  return text[at + 1] === '\n' ? '\r\n' : '\r'
}

/** The first line that is not blank, with those that its quotes hold. */
export function firstRecord(text: string): string {
  const start = Math.max(0, text.search(/[^\r\n]/))
  return text.slice(start, breakFrom(text, start))
}

/** Index of the first line break outside of quotes, or the text's length. */
function breakFrom(text: string, start: number): number {
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r')) return at
  }
  return text.length
}
