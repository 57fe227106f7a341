/** Texts that have been seen before, as bytes: most cells of many columns hold one of a few. */
import { fourBytes } from '../domain/four-bytes.ts'

export interface KnownTexts {
  has(bytes: Uint8Array, start: number, end: number): boolean
  /** Long texts are left out. */
  add(bytes: Uint8Array, start: number, end: number): void
}

const longestKept = 64
/** Half of the places are free at least, so that a search ends soon. */
const placesForEach = 4

/** Of `most` texts at most. */
export function createKnownTexts(most: number): KnownTexts {
  const mask = 2 ** Math.ceil(Math.log2(most * placesForEach)) - 1
  /** By hash: the number of a text, from 1; 0 is a free place. */
  const places = new Uint16Array(mask + 1)
  const ends = new Uint32Array(most + 1)
  let texts = new Uint8Array(1024)
  let count = 0

  /** The place of the text, or the free one where it belongs. */
  function find(bytes: Uint8Array, start: number, end: number): number {
    let hash = end - start
    for (let at = start; at < end; at += 4) {
      hash = Math.imul(hash ^ fourBytes(bytes, at, end), 0x85eb_ca6b)
      hash ^= hash >>> 15
    }
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const number = places[place] ?? 0
      if (number === 0 || isText(number, bytes, start, end)) return place
    }
  }

  function isText(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = ends[number - 1] ?? 0
    const length = end - start
    if ((ends[number] ?? 0) - from !== length) return false
    for (let at = 0; at < length; at++) if (texts[from + at] !== bytes[start + at]) return false
    return true
  }

  return {
    has: (bytes, start, end) => places[find(bytes, start, end)] !== 0,
    add(bytes, start, end) {
      if (count === most || end - start > longestKept) return
      const place = find(bytes, start, end)
      if (places[place] !== 0) return
      const from = ends[count] ?? 0
      if (from + longestKept > texts.length) {
        const larger = new Uint8Array(texts.length * 2)
        larger.set(texts)
        texts = larger
      }
      texts.set(bytes.subarray(start, end), from)
      places[place] = ++count
      ends[count] = from + end - start
    },
  }
}
