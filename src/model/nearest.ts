/** Finds the name that a misspelt one was probably meant to be, so that an error can offer it. */

/** Case, spaces, hyphens and underscores don't count: `E-Mail` is `email`. */
export function normalise(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '')
}

/** The candidate nearest to `name` without regard to what `normalise` leaves out, where one is near enough to be meant. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = normalise(name)
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = distanceWithin(wanted, normalise(candidate), bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** `Did you mean "…"? `, or nothing. */
export function didYouMean(candidate: string | undefined): string {
  return candidate === undefined ? '' : `Did you mean "${candidate}"? `
}

/** A name that was cut short (`phone`) is near; texts whose lengths alone are too far apart are not compared at all. */
function distanceWithin(wanted: string, candidate: string, limit: number): number {
  if (wanted.length >= 4 && candidate.startsWith(wanted)) return Math.min(1, candidate.length - wanted.length)
  return Math.abs(wanted.length - candidate.length) >= limit ? limit : editDistance(wanted, candidate)
}

/** Levenshtein's distance. */
export function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const change = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}
