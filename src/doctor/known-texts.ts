/**
 * Texts that have been seen before, as bytes: most cells of many columns hold one of a few. Four bytes at a time, because a row looks
 * some eight of them up.
 */
import { fourBytes, lastBytes } from '../domain/four-bytes.ts'

export interface KnownTexts {
  has(bytes: Uint8Array, start: number, end: number): boolean
  /** Long texts are left out. */
  add(bytes: Uint8Array, start: number, end: number): void
}

const longestKept = 64
const wordsOfLongest = longestKept / 4
/** Most places are free, so that a search ends soon. */
const placesForEach = 4

/** The text that is looked for: its words, and how many they are. */
const wanted = new Int32Array(wordsOfLongest)
let wantedWords = 0

/** Reads the text into `wanted` and gives its hash. */
function readWanted(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  let word = 0
  let at = start
  for (; at + 4 <= end; at += 4) hash = mixed(hash, (wanted[word++] = fourBytes(bytes, at)))
  if (at < end) hash = mixed(hash, (wanted[word++] = lastBytes(bytes, start, end)))
  wantedWords = word
  return hash
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x85eb_ca6b)
  return product ^ (product >>> 15)
}

/** Of `most` texts at most. */
export function createKnownTexts(most: number): KnownTexts {
  const mask = 2 ** Math.ceil(Math.log2(most * placesForEach)) - 1
  /** By hash: the number of a text, from 1; 0 is a free place. */
  const places = new Uint16Array(mask + 1)
  const lengths = new Uint8Array(most + 1)
  /** Where the words of a text start. */
  const starts = new Uint16Array(most + 1)
  let words = new Int32Array(1024)
  let [count, filled] = [0, 0]

  /** The place of the text, or the free one where it belongs. */
  function find(bytes: Uint8Array, start: number, end: number): number {
    const hash = readWanted(bytes, start, end)
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const number = places[place] ?? 0
      if (number === 0 || isWanted(number, end - start)) return place
    }
  }

  function isWanted(number: number, length: number): boolean {
    if (lengths[number] !== length) return false
    const from = starts[number] ?? 0
    for (let word = 0; word < wantedWords; word++) if (words[from + word] !== wanted[word]) return false
    return true
  }

  return {
    has: (bytes, start, end) => end - start <= longestKept && places[find(bytes, start, end)] !== 0,
    add(bytes, start, end) {
      if (count === most || end - start > longestKept) return
      const place = find(bytes, start, end)
      if (places[place] !== 0) return
      if (filled + wantedWords > words.length) {
        const larger = new Int32Array(words.length * 2)
        larger.set(words)
        words = larger
      }
      places[place] = ++count
      lengths[count] = end - start
      starts[count] = filled
      words.set(wanted.subarray(0, wantedWords), filled)
      filled += wantedWords
    },
  }
}
