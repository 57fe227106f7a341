/** Letters that only look like Latin ones. */
import lookAlikes from './look-alikes.json' with { type: 'json' }

/** Cyrillic and Greek letters, and the Latin ones that they look like. */
export const twins: ReadonlyMap<string, string> = new Map(Object.entries(lookAlikes))

/** Letters, digits and signs of East Asian width that look like those of ASCII. */
export const fullWidth = /[\uff01-\uff5e]/

/** The first letter among Latin ones that only looks like one. A word of Cyrillic letters alone is what it looks like. */
export function findLookAlike(text: string): string | undefined {
  const words = text.match(/\p{L}+/gu) ?? []
  return Array.from(words.filter((word) => /[A-Za-z]/.test(word)).join('')).find((letter) =>
    twins.has(letter),
  )
}
