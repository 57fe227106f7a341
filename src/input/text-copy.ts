/**
 * The text of an input. Plain UTF-8 is read where it lies. What is compressed or in another encoding is written once, as
 * UTF-8, into a file of its own: the places of rows are then bytes of that text, and any row can be read again by its place.
 */
import type { FileHandle } from 'node:fs/promises'
import { readBlocks } from './block-reader.ts'
import { blocksOf, isEmpty, readAt } from './bytes.ts'
import type { InputFile } from './bytes.ts'
import { compressionOf, decompress } from './compression.ts'
import { compressedTwice, refuseBinary, refuseForeign } from './content.ts'
import { toUtf8 } from './decode.ts'
import { encodingOf, markLength } from './encoding.ts'
import type { Encoding } from './encoding.ts'
import { writeSpool } from './spool.ts'

/** How much of a file shows what it is. */
const startBytes = 64 * 1024

/** A new and empty file that nobody else can open, and what messages call it. */
export interface Copy {
  readonly handle: FileHandle
  readonly path: string
}

/**
 * `raw` itself, or a text beside it that closes it. `wanted` is what `--encoding` says. Where it throws, `raw` stays open.
 *
 * @throws BulkUpdateError INPUT: E_BINARY, E_COMPRESSED, E_ENCODING, E_EMPTY; LOCAL, E_SPOOL, where the copy cannot be written
 * @throws AbortError when `signal` aborts
 */
export async function textOf(
  raw: InputFile,
  wanted: Encoding | undefined,
  openCopy: (what: string) => Promise<Copy>,
  signal: AbortSignal,
): Promise<InputFile> {
  const { path } = raw
  const rawStart = await raw.read(0, startBytes)
  refuseForeign(rawStart, path)
  const compression = compressionOf(rawStart)
  if (compression === undefined && encodingOf(rawStart, wanted, path) === 'utf-8') return raw
  const blocks = compression === undefined ? raw.blocks(0) : decompress(raw.blocks(0), compression, path)
  const name = compression === undefined ? path : `the text in ${path}`
  const copy = await openCopy(name)
  try {
    const reader = readBlocks(blocks)
    const start = await reader.peek(startBytes)
    if (start.length === 0) throw isEmpty(path)
    if (compressionOf(start) !== undefined) throw compressedTwice(path)
    refuseForeign(start, path)
    const encoding = encodingOf(start, wanted, path)
    let textStart: number | undefined
    for await (const block of encoding === 'utf-8' ? reader.rest() : toUtf8(reader.rest(), encoding, name)) {
      signal.throwIfAborted()
      // Before the whole of it fills a disk
      if (textStart === undefined) refuseBinary(block, path)
      textStart ??= markLength(block, 'utf-8')
      await writeSpool(copy.handle, copy.path, block, name)
    }
    if (textStart === undefined) throw isEmpty(path)
    return {
      ...raw,
      encoding,
      textName: name,
      textStart,
      // The copy stays what it is; rows of a file that somebody writes to are not sent all the same.
      blocks: blocksOf(copy.handle, () => raw.checkUnchanged()),
      read: (offset, length) => readAt(copy.handle, offset, length),
      async close() {
        await copy.handle.close()
        await raw.close()
      },
    }
  } catch (error) {
    await copy.handle.close()
    throw error
  } finally {
    // Where it was not read to its end, a decompressor waits.
    await blocks.return(undefined)
  }
}
