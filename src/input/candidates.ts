/** Which encodings a text may have that is not UTF-8, each with a masked sample, from which a person sees the right one. */
import { openDecoder, otherEncodings } from './encoding.ts'
import { countOddities } from './oddities.ts'

/** Bytes that are looked at. */
const sampleLength = 4096
const mostNamed = 6

/** Says which encodings are likely, and what to do for others. `at` is the byte in `bytes` that is not UTF-8. */
export function describeCandidates(bytes: Buffer, at: number): string {
  const start = Math.max(0, bytes.lastIndexOf(0x0a, at) + 1, at - sampleLength)
  const sample = bytes.subarray(start, at + sampleLength)
  const candidates = otherEncodings
    .flatMap((encoding) => {
      const text = openDecoder(encoding)(sample)
      return text === undefined ? [] : [{ encoding, text, oddities: countOddities(text) }]
    })
    .sort((one, other) => one.oddities - other.oddities)
    .slice(0, mostNamed)
    .map(({ encoding, text }) => `--encoding ${encoding} (${maskedSample(text)})`.replace(' ()', ''))
  return `or name the encoding whose masked sample has the right letters: ${candidates.join(', ')}; for any other: iconv -f ENCODING -t UTF-8 FILE`
}

const mostWords = 4
const mostShown = 2

/** Words with their first letters beyond ASCII, at most two and at most half of a word. All other letters are `a`. */
function maskedSample(text: string): string {
  const shown = new Set<string>()
  const words: string[] = []
  for (const [word] of text.matchAll(/[A-Za-z\u0080-\uffff]{2,20}/g)) {
    let left = Math.min(mostShown, word.length >> 1)
    const known = shown.size
    const masked = word.replace(/./g, (character) => {
      if (character < '\x80' || shown.has(character) || left === 0)
        return /\p{Lu}/u.test(character) ? 'A' : 'a'
      left--
      shown.add(character)
      return character
    })
    if (shown.size > known) words.push(masked)
    if (words.length === mostWords) break
  }
  return words.join(' ')
}
