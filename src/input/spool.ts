/**
 * Copies of an input: standard input, because a run reads its input more than once, and texts that were decompressed or decoded.
 * Only the owner can read such a file, and it is always new: no existing file and no link is opened.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { BulkUpdateError, explainSystemCode, systemCode } from '../model/errors.ts'
import { readBlocks, detectCompression, decompress } from './compression.ts'
import { openBlocks, readAt, type InputFile } from './bytes.ts'
import { refuseBinary, refuseForeign, startBytes } from './format.ts'
import { toUtf8 } from './decode.ts'
import { detectEncoding, markLength, type Encoding } from './encoding.ts'
import { refusal } from './refusals.ts'

/** Its name in messages. */
export const standardInput = 'standard input'

export type PipedInput = Readable & { readonly isTTY?: boolean }

const ownerOnly = 0o600

/**
 * `what` is the name of the copied text in messages.
 *
 * @throws BulkUpdateError LOCAL, E_SPOOL, if the file system refuses
 */
export async function openSpool(path: string, what = standardInput): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const handle = await open(path, flags, ownerOnly).catch((error: unknown) => {
    throw cannotKeep(path, what, error)
  })
  // The umask may have removed permissions.
  await handle.chmod(ownerOnly)
  return handle
}

/**
 * Copies `source` to its end. If that fails, `source` is left as it is. `path` is for messages.
 *
 * @throws BulkUpdateError LOCAL: E_STDIN if it cannot be read, E_SPOOL if it cannot be written (disk full)
 * @throws AbortError when `signal` aborts
 */
export async function fillSpool(
  handle: FileHandle,
  path: string,
  source: PipedInput,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const block of addAbortSignal(signal, source))
      await writeSpool(handle, path, Buffer.from(block))
  } catch (error) {
    if (signal.aborted || error instanceof BulkUpdateError) throw error
    throw refusal('E_STDIN', 'pipe', { system: systemCode(error) }, error)
  }
}

/** A terminal means that the pipe was forgotten, and waiting for it would look like a hang. */
export function refuseTerminal(source: PipedInput): void {
  if (source.isTTY === true) throw refusal('E_STDIN_TERMINAL', 'terminal')
}

/** Throws like `openSpool`. */
export async function writeSpool(
  handle: FileHandle,
  path: string,
  block: Buffer,
  what = standardInput,
): Promise<void> {
  await handle.writeFile(block).catch((error: unknown) => {
    throw cannotKeep(path, what, error)
  })
}

function cannotKeep(path: string, what: string, error: unknown): BulkUpdateError {
  const reason = explainSystemCode(systemCode(error))
  return refusal('E_SPOOL', 'notKept', { what, path, reason }, error)
}

/** A new and empty file, and its name in messages. */
export interface Copy {
  readonly handle: FileHandle
  readonly path: string
}

/**
 * Returns `raw` itself if it is plain UTF-8. Else the text is written once as UTF-8, so that rows can be read by their place.
 * Closing it closes `raw` too. `wanted` is `--encoding`. If it throws, `raw` stays open.
 *
 * @throws BulkUpdateError INPUT: E_BINARY, E_COMPRESSED, E_ENCODING, E_EMPTY; LOCAL, E_SPOOL, if the copy cannot be written
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
  const compression = detectCompression(rawStart)
  if (compression === undefined && detectEncoding(rawStart, wanted, path) === 'utf-8') return raw
  const blocks = compression === undefined ? raw.blocks(0) : decompress(raw.blocks(0), compression, path)
  const name = compression === undefined ? path : `the text in ${path}`
  const copy = await openCopy(name)
  try {
    const reader = readBlocks(blocks)
    const start = await reader.peek(startBytes)
    if (start.length === 0) throw refusal('E_EMPTY', 'empty', { path })
    if (detectCompression(start) !== undefined) throw refusal('E_BINARY', 'compressedTwice', { path })
    refuseForeign(start, path)
    const encoding = detectEncoding(start, wanted, path)
    let textStart: number | undefined
    for await (const block of encoding === 'utf-8' ? reader.rest() : toUtf8(reader.rest(), encoding, name)) {
      signal.throwIfAborted()
      // Checked here, before the whole text fills the disk.
      if (textStart === undefined) refuseBinary(block, path)
      textStart ??= markLength(block)
      await writeSpool(copy.handle, copy.path, block, name)
    }
    if (textStart === undefined) throw refusal('E_EMPTY', 'empty', { path })
    return {
      ...raw,
      encoding,
      textName: name,
      textStart,
      // Only `raw` can change, and then its rows must not be sent.
      blocks: openBlocks(copy.handle, () => raw.checkUnchanged()),
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
    // Ends a decompressor that was not read to its end.
    await blocks.return(undefined)
  }
}
