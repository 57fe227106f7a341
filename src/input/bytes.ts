/**
 * The input as blocks of bytes from one open file, proven to be UTF-8. The file stays open through all passes, so that
 * replacing it changes nothing, and its size and time are compared after each block, so that writing to it is noticed.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { BulkUpdateError, systemCode } from '../errors.ts'

const blockSize = 256 * 1024

export interface InputFile {
  readonly path: string
  /** Bytes in all. */
  readonly size: number
  /** 3 where the file starts with a byte order mark, else 0. */
  readonly textStart: number
  /** Blocks from `offset` on. Ends the run with `E_INPUT_CHANGED` when the file changes meanwhile. */
  blocks(offset: number): AsyncGenerator<Buffer>
  /** Hex SHA-256 over all bytes. */
  digest(): Promise<string>
  read(offset: number, length: number): Promise<Buffer>
  /** Ends the run with `E_INPUT_CHANGED` when the file has changed since it was opened. */
  checkUnchanged(): Promise<void>
  close(): Promise<void>
}

/** Opens a regular file. Directories, missing and unreadable files are USAGE errors that say which it was. */
export async function openInput(path: string): Promise<InputFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw cannotOpen(path, systemCode(error))
  })
  return inputOf(handle, path)
}

/** The input behind an open file, which closes with it. `path` is what messages call it. */
export async function inputOf(handle: FileHandle, path: string): Promise<InputFile> {
  const stat = await handle.stat({ bigint: true })
  if (!stat.isFile()) {
    await handle.close()
    throw cannotOpen(path, stat.isDirectory() ? 'EISDIR' : 'ENOTFILE')
  }
  const size = Number(stat.size)
  if (size === 0) {
    await handle.close()
    throw new BulkUpdateError(
      'INPUT',
      'E_EMPTY',
      `${path} is empty`,
      'Give a CSV file with a header, or NDJSON.',
    )
  }

  async function checkUnchanged(): Promise<void> {
    const now = await handle.stat({ bigint: true })
    if (now.size === stat.size && now.mtimeNs === stat.mtimeNs) return
    throw new BulkUpdateError(
      'INPUT',
      'E_INPUT_CHANGED',
      `${path} changed while it was read`,
      'Wait until the export has been written, then run again.',
    )
  }

  async function* blocks(offset: number): AsyncGenerator<Buffer> {
    for (let at = offset; at < size;) {
      const block = await readAt(handle, at, Math.min(blockSize, size - at))
      await checkUnchanged()
      if (block.length === 0) return
      at += block.length
      yield block
    }
  }

  const first = await readAt(handle, 0, Math.min(4, size))
  return {
    path,
    size,
    textStart: first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf ? 3 : 0,
    blocks,
    async digest() {
      const sum = createHash('sha256')
      for await (const block of blocks(0)) sum.update(block)
      return sum.digest('hex')
    },
    read: (offset, length) => readAt(handle, offset, length),
    checkUnchanged,
    close: () => handle.close(),
  }
}

/** Decodes blocks cut anywhere. Bytes that are not UTF-8 end the run: replacing them would change data. */
export async function* decodeUtf8(blocks: AsyncIterable<Buffer>, offset: number): AsyncGenerator<string> {
  for await (const block of wholeCharacters(blocks, offset)) yield block.toString('utf8')
}

/** The same bytes, cut between characters and proven to be UTF-8. */
export async function* wholeCharacters(
  blocks: AsyncIterable<Buffer>,
  offset: number,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let at = offset
  for await (const block of blocks) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
    const end = characterEnd(bytes)
    const whole = bytes.subarray(0, end)
    if (!isUtf8(whole)) throw notUtf8(whole, at)
    rest = Buffer.from(bytes.subarray(end))
    at += end
    yield whole
  }
  if (rest.length > 0) throw notUtf8(rest, at)
}

/** Where the last complete character ends: at most three bytes before the end. */
function characterEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needed > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

function notUtf8(bytes: Buffer, at: number): BulkUpdateError {
  let low = 0
  let high = bytes.length
  // The longest prefix that is UTF-8 up to a cut character: where that character starts, the text is broken.
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const part = bytes.subarray(0, middle)
    if (isUtf8(part.subarray(0, characterEnd(part)))) low = middle
    else high = middle - 1
  }
  const broken = characterEnd(bytes.subarray(0, low))
  return new BulkUpdateError(
    'INPUT',
    'E_ENCODING',
    `byte ${at + broken + 1} of the input is not UTF-8`,
    'Save the file as UTF-8 (in Excel: "CSV UTF-8") and run again. Nothing was guessed or replaced.',
  )
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  const { bytesRead } = await handle.read(buffer, 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

function cannotOpen(path: string, code: string): BulkUpdateError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EISDIR: 'is a directory',
    ENOTFILE: 'is not a regular file',
    EACCES: 'cannot be read: permission denied',
  }
  return new BulkUpdateError(
    'INPUT',
    'E_INPUT_OPEN',
    `${path} ${reasons[code] ?? `cannot be opened (${code})`}`,
    'Give the path of a CSV or NDJSON file, or - for standard input.',
  )
}
