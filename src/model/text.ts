/** Names and texts that others wrote: how they are printed safely, and which known name a misspelt one means. */

/** Control characters (ESC and the one-byte CSI are two of them), line separators, and marks that change the direction of text. */
const unsafe = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu

/** A character as JSON and JavaScript write it: `\u202e`. */
export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** On one line: ESC becomes `\x1b`, a line feed `\n`, a mark that changes the direction of text `\u202e`. */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0)
    const escaped = code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character)
    return shortEscapes[character] ?? escaped
  })
}

/** The same for a text of several lines: line feeds stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

const longestName = 64

/** A name that others gave, in a message: on one line, and no longer than names are. */
export function shownName(name: string): string {
  const shown = Array.from(printable(name.slice(0, 2 * longestName + 1)))
  return shown.length > longestName ? `${shown.slice(0, longestName - 1).join('')}…` : shown.join('')
}

/** Names that others gave. The first ones are shown, and the others counted. */
export function shownNames(names: readonly string[], show = shownName): string {
  const more = names.length - mostNames
  return names.slice(0, mostNames).map(show).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

const mostNames = 20

/** What a server calls something, such as a path in metadata: `metadata.…` if it looks like no name, but like personal data. */
export function shownKey(path: string): string {
  return /^(?!.*\d{5})[\p{L}\p{M}\p{N} _.:[\]-]{1,64}$/u.test(path)
    ? path
    : `${/^metadata\./.exec(path)?.[0] ?? ''}…`
}

/** A word of a command that users copy, as a POSIX shell takes it: names of others run nothing. */
export function shellWord(text: string): string {
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Removes what does not count in a name: case, spaces, dashes, underscores and the normal form. `E-Mail` becomes `email`. */
export function normalise(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_\p{Pd}]+/gu, '')
}

/** Ignores case, accents, spaces, punctuation and the form of letters: `Cote d'Ivoire`, `U.S.`. */
export function toLetters(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('&', 'and')
    .replace(/[^\p{L}\p{N}]+/gu, '')
}

/** The candidate nearest to `name`, both normalised. Returns undefined if none is near enough to be meant. */
export function findNearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = normalise(name)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = distanceWithin(wanted, normalise(candidate), bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** `Did you mean "…"? `, or an empty text. */
export function didYouMean(candidate: string | undefined): string {
  return candidate === undefined ? '' : `Did you mean "${shownName(candidate)}"? `
}

/** A name that was cut short (`phone`) is near. If the lengths are too far apart, the texts are not compared. */
function distanceWithin(wanted: string, candidate: string, limit: number): number {
  if (wanted.length >= 4 && candidate.startsWith(wanted)) return Math.min(1, candidate.length - wanted.length)
  return Math.abs(wanted.length - candidate.length) >= limit ? limit : editDistance(wanted, candidate)
}

/** Levenshtein's distance. */
export function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const change = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}
