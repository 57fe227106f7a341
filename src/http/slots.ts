/**
 * How many requests may be in flight: everybody's reaction to a server that has more than enough. Halved when connections
 * break or time out, one alone after a pause; then it doubles up to where it was, and grows by one a round from there.
 *
 * Failures alone never leave less than a quarter: a few requests that hang must not hold up all others, and a server that
 * is really down is the breaker's.
 */

export interface Slots {
  readonly count: number
  /** A request was answered. */
  readonly answered: () => void
  /** A connection broke, timed out, or the server said that it is overloaded. */
  readonly overloaded: () => void
  /** Too much has failed for too long: no more than the least. */
  readonly squeeze: () => void
  /** After a pause of all requests: one goes ahead alone. */
  readonly restart: () => void
  /** One row at a time has shown that rows are updated: all slots may be used. */
  readonly prove: () => void
}

/** `most`: never more. `isProven`: false where one has to go alone until `prove` is called. */
export function createSlots(most: number, isProven = true): Slots {
  let isOpen = isProven
  const least = Math.ceil(most / 4)
  let count = most
  /** Up to here growth is quick. */
  let knee = most
  let answers = 0
  /** Requests that were in flight with the one that failed say nothing new. */
  let quiet = 0

  return {
    get count() {
      return isOpen ? count : 1
    },
    answered() {
      if (quiet > 0) quiet--
      if (count >= most) return
      if (count < knee) {
        count = Math.min(most, count + 1)
        return
      }
      answers++
      if (answers < count) return
      answers = 0
      count++
    },
    overloaded() {
      if (quiet > 0) {
        quiet--
        return
      }
      quiet = count
      knee = Math.max(least, Math.floor(count / 2))
      count = Math.min(count, knee)
      answers = 0
    },
    squeeze() {
      knee = least
      count = Math.min(count, least)
      answers = 0
    },
    restart() {
      knee = Math.max(knee, Math.floor(count / 2))
      count = 1
      quiet = 0
      answers = 0
    },
    prove() {
      isOpen = true
    },
  }
}
