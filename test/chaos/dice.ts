/** Dice that a seed fixes: the same seed gives the same file and the same plan of kills. */

export interface Dice {
  /** A whole number from `low` to `high`, both included. */
  roll(low: number, high: number): number
  /** True in this share of the throws. */
  chance(share: number): boolean
}

/** mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed | 0
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    roll: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (share) => next() < share,
  }
}
