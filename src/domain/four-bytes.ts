/** The four bytes from `at` on as one number of 32 bits, for hashes; behind `end` there are zeros. */
export function fourBytes(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end)
    return (
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    )
  let four = 0
  for (let index = end - 1; index >= at; index--) four = (four << 8) | (bytes[index] ?? 0)
  return four
}
