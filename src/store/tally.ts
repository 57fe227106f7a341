/** How many different fingerprints there are, and how many of them come several times: open addressing, with its entries in place. */
import { hashOf } from '../pipeline/customer-table.ts'

export interface Tally {
  /** The fingerprints in the first `length` words, four words each. */
  add(words: Uint32Array, length: number): void
  readonly size: number
  readonly repeated: number
  /** Forgets all of them; its memory is kept for others. */
  clear(): void
}

const entryWords = 4
const [free, once, several] = [0, 1, 2]

/** `expected`: as many fingerprints as will come at most, where that is known; then it never has to grow. */
export function createTally(expected = 0): Tally {
  let places = Math.max(1024, 2 ** Math.ceil(Math.log2(expected * 2 + 1)))
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
    for (let place = 0; place < oldStates.length; place++) {
      const state = oldStates[place] ?? free
      if (state !== free) put(find(oldEntries, place * entryWords), oldEntries, place * entryWords, state)
    }
  }

  function put(place: number, words: Uint32Array, at: number, state: number): void {
    const entry = place * entryWords
    for (let word = 0; word < entryWords; word++) entries[entry + word] = words[at + word] ?? 0
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
    clear() {
      states.fill(free)
      size = 0
      repeated = 0
    },
    get size() {
      return size
    },
    get repeated() {
      return repeated
    },
  }
}
