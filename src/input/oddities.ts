/**
 * Counts what is in no name and no text, unless bytes were read with the wrong encoding, and says which encodings a text may have
 * that is not UTF-8.
 */
import alphabets from './alphabets.json' with { type: 'json' }
import { decodeFrom, encodeIn, otherEncodings } from './code-pages.ts'
import { openDecoder } from './encoding.ts'
import table from './oddities.json' with { type: 'json' }
import wordsByPage from './misread-words.json' with { type: 'json' }

/** The patterns with the sets of characters that they name in braces. */
function odd(): RegExp {
  const sets = new Map(Object.entries(table.sets))
  const patterns = Object.values(table.patterns).flat().join('|')
  return new RegExp(
    patterns.replace(/\{(\w+)\}/g, (whole, name: string) => sets.get(name) ?? whole),
    'gu',
  )
}

/** Scripts of living languages (Unicode, UAX 31). Those of East Asia are written together. */
function ofOneScript(): RegExp {
  const groups = table.scripts.map((group) => group.replace(/\w+ ?/g, (name) => `\\p{scx=${name.trim()}}`))
  return new RegExp(`^(?:${groups.map((group) => `[${group}\\p{sc=Zyyy}\\p{sc=Zinh}]+`).join('|')})$`, 'u')
}

const wordPattern = /[\p{L}\p{M}]+/gu

const accents = new Set(Object.values(alphabets).join(''))
const ofOneAlphabet = new RegExp(
  `^(?:${Object.values(alphabets)
    .map((letters) => `[${letters}]*`)
    .join('|')})$`,
)

/** True if the letters beyond ASCII, all of Windows-1252, are of no one alphabet. Vietnamese words have one at most. */
function isOfNoAlphabet(word: string): boolean {
  const special = Array.from(word.toLowerCase()).filter((character) => character > '\x7f')
  return (
    special.length > 1 &&
    special.every((character) => accents.has(character)) &&
    !ofOneAlphabet.test(special.join(''))
  )
}

/** Frequent names of languages that lose letters in Windows-1252, as they are read there, in lower case. */
function listMisreadWords(): ReadonlySet<string> {
  const listed = Object.entries(wordsByPage).flatMap(([page, list]) => {
    const capitals = list.toLocaleUpperCase(page === 'windows-1254' ? 'tr' : 'en')
    return [...list.split(' '), ...capitals.split(' ')].flatMap((word) => {
      const bytes = encodeIn(page, word)
      const misread = bytes === undefined ? word : decodeFrom('windows-1252', bytes)
      return misread === word ? [] : [misread.toLowerCase()]
    })
  })
  return new Set(listed)
}

/** What takes some milliseconds to make is made when the first text needs it. */
function onDemand<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

const oddPattern = onDemand(odd)
const onePattern = onDemand(ofOneScript)
const misreadWords = onDemand(listMisreadWords)
const latin = /^[a-zA-Z\u00aa-\u024f]+$/

const isOdd = (word: string): boolean =>
  isOfNoAlphabet(word) ||
  misreadWords().has(word.toLowerCase()) ||
  !(latin.test(word) || onePattern().test(word))

/** Returns 0 for nearly all texts that were read with the right encoding. */
export function countOddities(text: string): number {
  const oddWords = text.match(wordPattern)?.filter((word) => /[^\0-\x7f]/.test(word) && isOdd(word))
  return (text.match(oddPattern())?.length ?? 0) + (oddWords?.length ?? 0)
}

/** Bytes of the sample. */
const sampleLength = 4096
const mostNamed = 8
const scripts = ['Latn', 'Cyrl', 'Grek', 'Hebr', 'Arab', 'Thai', 'Hang'].map(
  (script) => new RegExp(`\\p{sc=${script}}`, 'u'),
)

/** That of the first letter beyond ASCII. All of Chinese and Japanese is one. */
function scriptOf(text: string): number {
  const [letter = ''] = /(?![\0-\x7f])\p{L}/u.exec(text) ?? []
  return scripts.findIndex((script) => script.test(letter))
}

/** Says which encodings are likely, and what to do for others. `at` is the byte in `bytes` that is not UTF-8. */
export function describeCandidates(bytes: Buffer, at: number): string {
  const start = Math.max(0, bytes.lastIndexOf(0x0a, at) + 1, at - sampleLength)
  const sample = bytes.subarray(start, at + sampleLength)
  const found = otherEncodings
    .flatMap((encoding) => {
      const text = openDecoder(encoding)(sample)
      return text === undefined ? [] : [{ encoding, text, oddities: countOddities(text) }]
    })
    .sort((one, other) => one.oddities - other.oddities)
  // Among equally likely ones, the first of each script: several Cyrillic ones would leave no place for Chinese.
  const groups = Map.groupBy(found, ({ text }) => scriptOf(text))
  const rankOf = (one: (typeof found)[number]): number => groups.get(scriptOf(one.text))?.indexOf(one) ?? 0
  const candidates = found
    .toSorted((one, other) => one.oddities - other.oddities || rankOf(one) - rankOf(other))
    .slice(0, mostNamed)
    .map(({ encoding, text }) => `--encoding ${encoding} (${maskedSample(text)})`.replace(' ()', ''))
  return `or name the encoding whose masked sample has the right letters: ${candidates.join(', ')}; for any other: iconv -f ENCODING -t UTF-8 FILE`
}

const mostWords = 4
const mostShown = 2

/** Words with their first letters beyond ASCII, at most two and at most half of a word. All other letters are `a`. */
function maskedSample(text: string): string {
  const shown = new Set<string>()
  const samples: string[] = []
  for (const [word] of text.matchAll(/[A-Za-z\u0080-\u{10ffff}]{2,20}/gu)) {
    let left = Math.min(mostShown, Array.from(word).length >> 1)
    const known = shown.size
    const masked = word.replace(/./gu, (character) => {
      if (character < '\x80' || shown.has(character) || left === 0)
        return /\p{Lu}/u.test(character) ? 'A' : 'a'
      left--
      shown.add(character)
      return character
    })
    if (shown.size > known) samples.push(masked)
    if (samples.length === mostWords) break
  }
  return samples.join(' ')
}
