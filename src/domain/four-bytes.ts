/** Bytes of a text as numbers of 32 bits, for hashes: four at a time, the last four of them once more where they are not a multiple of four. */

export function fourBytes(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  )
}

/** What is left of a text behind its last whole four: its last four, or all of it. */
export function lastBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= 4) return fourBytes(bytes, end - 4)
  let last = 0
  for (let at = start; at < end; at++) last = (last << 8) | (bytes[at] ?? 0)
  return last
}
