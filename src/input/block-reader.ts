/** Blocks one after another, for a reader that gives back what it did not need. */

export interface BlockReader {
  /** Bytes that have been given out and not put back. */
  readonly taken: number
  next(): Promise<Buffer | undefined>
  putBack(bytes: Buffer): void
  /** The next bytes, fewer at the end. */
  peek(length: number): Promise<Buffer>
  /** All that come. */
  rest(): AsyncGenerator<Buffer>
  close(): Promise<void>
}

export function readBlocks(blocks: AsyncIterable<Buffer>): BlockReader {
  const iterator = blocks[Symbol.asyncIterator]()
  let waiting: Buffer = Buffer.alloc(0)
  let taken = 0

  async function read(): Promise<Buffer | undefined> {
    const { done, value } = await iterator.next()
    return done === true ? undefined : value
  }

  async function next(): Promise<Buffer | undefined> {
    const block = waiting.length > 0 ? waiting : await read()
    waiting = Buffer.alloc(0)
    taken += block?.length ?? 0
    return block
  }

  return {
    get taken() {
      return taken
    },
    next,
    async *rest() {
      for (let block = await next(); block !== undefined; block = await next()) yield block
    },
    putBack(bytes) {
      waiting = bytes
      taken -= bytes.length
    },
    async peek(length) {
      while (waiting.length < length) {
        const more = await read()
        if (more === undefined) break
        waiting = Buffer.concat([waiting, more])
      }
      return waiting.subarray(0, length)
    },
    async close() {
      await iterator.return?.()
    },
  }
}
