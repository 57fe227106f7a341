/**
 * Blocks of bytes in smaller pieces, cut behind a line. The rows of a piece are made at once and live until the last of them is
 * taken: as long as that is short, V8 frees them with the young objects instead of copying them around first.
 */
const pieceSize = 16 * 1024
const lineFeed = 0x0a

/** Each is good as long as its block is. Where no line feed is near, a piece may be as long as its block. */
export async function* inPieces(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    for (let at = 0; at < block.length;) {
      const end = block.indexOf(lineFeed, at + pieceSize - 1) + 1
      const next = end === 0 ? block.length : end
      yield block.subarray(at, next)
      at = next
    }
  }
}
