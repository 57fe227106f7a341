/**
 * Recognises gzip and zstd by their first bytes, and decompresses all members or frames as a stream. A file that is cut off,
 * damaged or followed by other bytes is refused.
 */
import type { Gunzip, ZstdDecompress } from 'node:zlib'
import { systemCode, type BulkUpdateError } from '../model/errors.ts'
import { refusal } from './refusals.ts'

export type Compression = 'gzip' | 'zstd'

type Engine = Gunzip | ZstdDecompress

/** Bytes that identify a member or frame. */
const magicLength = 4

/** A text never grows more than this. The first bytes are exempt, for files with very few different rows. */
const mostExpansion = 1_000
const freeBytes = 256 * 1024 * 1024

/** Bytes that an engine gives at once. */
const chunkSize = 256 * 1024

/** `start` must have the first four bytes. */
export function detectCompression(start: Buffer): Compression | undefined {
  const [first, second, third] = start
  if (first === 0x1f && second === 0x8b && third === 0x08) return 'gzip'
  if (start.length < magicLength) return undefined
  const magic = start.readUInt32LE(0)
  // A skippable frame may come first: parallel zstd writes its sizes there.
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : undefined
}

/** @throws BulkUpdateError INPUT, E_COMPRESSED, and errors of `blocks` */
export async function* decompress(
  blocks: AsyncIterable<Buffer>,
  compression: Compression,
  path: string,
): AsyncGenerator<Buffer> {
  const input = readBlocks(blocks)
  let out = 0
  try {
    do {
      for await (const piece of oneStream(input, compression, path)) {
        out += piece.length
        if (out > freeBytes && out > input.taken * mostExpansion)
          throw refusal('E_COMPRESSED', 'expands', {
            path,
            times: mostExpansion.toLocaleString('en'),
            viewer: viewers[compression],
          })
        yield piece
      }
      const next = await input.peek(magicLength)
      if (next.length === 0) return
      if (detectCompression(next) !== compression)
        throw refusal('E_COMPRESSED', 'trailing', { path, compression, byte: input.taken + 1 })
    } while (true)
  } finally {
    await input.close()
  }
}

/** Decompresses with one engine: a member or frame, and those after it that the engine reads by itself. */
async function* oneStream(
  input: BlockReader,
  compression: Compression,
  path: string,
): AsyncGenerator<Buffer> {
  // Loaded here, because plain files do not need it.
  const { createGunzip, createZstdDecompress } = await import('node:zlib')
  const engine: Engine =
    compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize })
  let failure: unknown
  const feeding = feed(engine, input).catch((error: unknown) => {
    failure = error
    // Else the loop below would wait for ever.
    engine.destroy(error instanceof Error ? error : undefined)
  })
  try {
    for await (const piece of engine) if (Buffer.isBuffer(piece)) yield piece
  } catch (error) {
    if (failure !== undefined) throw failure
    throw damaged(compression, path, input.taken, error)
  } finally {
    engine.destroy()
    await feeding
  }
}

/** Writes blocks to the engine until it ends, and puts back what it did not use. */
async function feed(engine: Engine, input: BlockReader): Promise<void> {
  // An engine at its end may never confirm a block.
  const ended = new Promise<void>((resolve) => {
    engine.once('end', resolve)
    engine.once('close', resolve)
  })
  for (;;) {
    const block = await input.next()
    if (engine.destroyed) return
    if (block === undefined) {
      engine.end()
      return
    }
    const before = engine.bytesWritten
    await Promise.race([new Promise((resolve) => engine.write(block, resolve)), ended])
    const used = engine.bytesWritten - before
    if (used === block.length) continue
    input.putBack(block.subarray(used))
    return
  }
}

function damaged(compression: Compression, path: string, byte: number, cause: unknown): BulkUpdateError {
  switch (systemCode(cause)) {
    // For zstd --long: its window is held in memory.
    case 'ZSTD_error_frameParameter_windowTooLarge':
      return refusal('E_COMPRESSED', 'longWindow', { path }, cause)
    case 'Z_BUF_ERROR':
      return refusal('E_COMPRESSED', 'cutOff', { path, compression, byte }, cause)
    default:
      return refusal('E_COMPRESSED', 'notWhole', { path, compression, byte: byte + 1 }, cause)
  }
}

const viewers: Readonly<Record<Compression, string>> = { gzip: 'zcat', zstd: 'zstdcat' }

type BlockReader = ReturnType<typeof readBlocks>

export function readBlocks(blocks: AsyncIterable<Buffer>) {
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
    /** Bytes that were taken and not put back. */
    get taken(): number {
      return taken
    },
    next,
    /** All blocks that are left. */
    async *rest(): AsyncGenerator<Buffer> {
      for (let block = await next(); block !== undefined; block = await next()) yield block
    },
    putBack(bytes: Buffer): void {
      waiting = bytes
      taken -= bytes.length
    },
    /** The next bytes without taking them; fewer at the end. */
    async peek(length: number): Promise<Buffer> {
      while (waiting.length < length) {
        const more = await read()
        if (more === undefined) break
        waiting = Buffer.concat([waiting, more])
      }
      return waiting.subarray(0, length)
    },
    async close(): Promise<void> {
      await iterator.return?.()
    },
  }
}
