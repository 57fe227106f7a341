/** Lists of places in the input, one list a number, in 24 bytes a place: a million places would be 100 MB as objects. */
import type { Place } from './place.ts'

export interface PlaceLists {
  /** Adds a place to the end of a list. */
  add(list: number, place: Place): void
  /** The way they are linked, so that no list is ever made of them. */
  newestFirst(list: number): Iterable<Place>
}

/** Words of a place: row, line, length, the place before it in its list (from 1, 0 is none), and the halves of the offset. */
const words = 6
const half = 2 ** 32

/** `lists`: how many there are, numbered from 0. */
export function createPlaceLists(lists: number): PlaceLists {
  const lastOf = new Uint32Array(lists)
  let places = new Uint32Array(64 * words)
  let count = 0

  return {
    add(list, { row, line, offset, length }) {
      const at = count * words
      if (at === places.length) {
        const larger = new Uint32Array(places.length * 2)
        larger.set(places)
        places = larger
      }
      places.set([row, line, length, lastOf[list] ?? 0, offset % half, Math.floor(offset / half)], at)
      lastOf[list] = ++count
    },
    *newestFirst(list) {
      for (let number = lastOf[list] ?? 0; number !== 0;) {
        const at = (number - 1) * words
        const [row = 0, line = 0, length = 0, before = 0, low = 0, high = 0] = places.subarray(at, at + words)
        yield { row, line, offset: high * half + low, length }
        number = before
      }
    },
  }
}
