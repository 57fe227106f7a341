/** How many different fingerprints there are, and how many of them come several times: open addressing, with its entries in place. */
import { hashOf } from '../pipeline/customer-table.ts'

export interface Tally {
  /** The fingerprints in the first `length` words, four words each. */
  add(words: Uint32Array, length: number): void
  readonly size: number
  readonly repeated: number
}

const entryWords = 4
const [free, once, several] = [0, 1, 2]

export function createTally(): Tally {
  let places = 1024
  let entries = new Uint32Array(places * entryWords)
  let states = new Uint8Array(places)
  let [size, repeated] = [0, 0]

  /** The place of the fingerprint at `at`, or the free one where it belongs. */
  function find(words: Uint32Array, at: number): number {
    const mask = places - 1
    for (let place = hashOf(words, at) & mask; ; place = (place + 1) & mask) {
      if (states[place] === free || isSame(words, at, place * entryWords)) return place
    }
  }

  function isSame(words: Uint32Array, at: number, entry: number): boolean {
    for (let word = 0; word < entryWords; word++) if (entries[entry + word] !== words[at + word]) return false
    return true
  }

  function grow(): void {
    const [oldEntries, oldStates] = [entries, states]
    places *= 2
    entries = new Uint32Array(places * entryWords)
    states = new Uint8Array(places)
    for (const [place, state] of oldStates.entries())
      if (state !== free) put(find(oldEntries, place * entryWords), oldEntries, place * entryWords, state)
  }

  function put(place: number, words: Uint32Array, at: number, state: number): void {
    entries.set(words.subarray(at, at + entryWords), place * entryWords)
    states[place] = state
  }

  return {
    add(words, length) {
      for (let at = 0; at < length; at += entryWords) {
        const place = find(words, at)
        if (states[place] === once) {
          states[place] = several
          repeated++
        } else if (states[place] === free) {
          put(place, words, at, once)
          if (++size > places / 2) grow()
        }
      }
    },
    get size() {
      return size
    },
    get repeated() {
      return repeated
    },
  }
}
