/** Counts by key. */

export function countUp<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

/** Counts each of the names once. */
export function countEach(counts: Map<string, number>, names: Iterable<string>): void {
  for (const name of names) countUp(counts, name)
}

/** Names that are joined with `;`. */
export function namesIn(joined: string): readonly string[] {
  return joined === '' ? [] : joined.split(';')
}
