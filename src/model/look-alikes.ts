/** Names that look like others and are not: invisible characters, and letters of other alphabets that look like Latin ones. */
import lookAlikes from './look-alikes.json' with { type: 'json' }
import { normalise } from './nearest.ts'

/** Cyrillic and Greek letters, and the Latin ones that they look like. */
const twins: ReadonlyMap<string, string> = new Map(Object.entries(lookAlikes))

const invisible = /[\p{Cf}\u115f\u1160\u3164]/u

/** The name as it looks: full-width and other forms are plain letters, and what cannot be seen is gone. */
export function looksLike(name: string): string {
  const seen = name.normalize('NFKC').replace(/[\p{Cf}\u115f\u1160\u3164]/gu, '')
  return Array.from(seen, (character) => twins.get(character) ?? character).join('')
}

/** What about the name cannot be seen, with the character's number; undefined if it is what it looks like. */
export function deceivingPart(name: string): string | undefined {
  const unseen = invisible.exec(name)?.[0]
  if (unseen !== undefined) return `it holds a character that cannot be seen (${codeOf(unseen)})`
  // A word that is all Cyrillic is what it looks like, whatever is next to it.
  const words = name.match(/\p{L}+/gu) ?? []
  for (const word of words.filter((letters) => /[A-Za-z]/.test(letters))) {
    for (const letter of word) {
      const twin = twins.get(letter)
      if (twin !== undefined) return `it holds ${codeOf(letter)}, which looks like "${twin}"`
    }
  }
  return undefined
}

/** Of columns that are taken, those whose name looks like an earlier one's, or is not what it looks like; and why. */
export function lookAlikeColumns<Column extends { readonly name: string; readonly number?: number }>(
  columns: readonly Column[],
): readonly { readonly column: Column; readonly message: string }[] {
  const seen = new Map<string, Column>()
  return columns.flatMap((column) => {
    // Case counts in keys of metadata: `metadata.Tier` and `metadata.tier` become two.
    const look = normalise(looksLike(column.name))
    const twin = seen.get(look)
    seen.set(look, column)
    if (twin !== undefined)
      return { column, message: `the name looks like that of column ${twin.number ?? 0}, and is another` }
    const part = deceivingPart(column.name)
    return part === undefined ? [] : { column, message: `the name is not what it looks like: ${part}` }
  })
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
