/**
 * The input as blocks of bytes from one open file. The file stays open through all passes, so that
 * replacing it changes nothing, and its size and time are compared after each block, so that writing to it is noticed.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import type { Encoding } from './encoding.ts'

const blockSize = 64 * 1024

export interface InputFile {
  readonly path: string
  /** Bytes of the file as it was given. */
  readonly size: number
  /** How the file was written. Its blocks are UTF-8, whatever it was. */
  readonly encoding: Encoding
  /** What messages call its text. */
  readonly textName: string
  /** 3 where the text starts with a byte order mark, else 0. */
  readonly textStart: number
  /** Blocks of text from `offset` on. Ends the run with `E_INPUT_CHANGED` when the file changes meanwhile. */
  blocks(offset: number): AsyncGenerator<Buffer>
  /** Hex SHA-256 over all bytes of the file as it was given. */
  digest(): Promise<string>
  /** Bytes of the text, fewer where it ends before. */
  read(offset: number, length: number): Promise<Buffer>
  /** Ends the run with `E_INPUT_CHANGED` when the file has changed since it was opened. */
  checkUnchanged(): Promise<void>
  close(): Promise<void>
}

/** Opens a regular file. Directories, pipes, missing and unreadable files are INPUT errors that say which it was. */
export async function openInput(path: string): Promise<InputFile> {
  // Without O_NONBLOCK, opening a pipe would wait for whoever writes into it, and some devices for their line.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
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
    throw isEmpty(path)
  }

  async function checkUnchanged(): Promise<void> {
    const now = await handle.stat({ bigint: true })
    if (now.size === stat.size && now.mtimeNs === stat.mtimeNs) return
    throw new BulkUpdateError(
      'E_INPUT_CHANGED',
      `${path} changed while it was read`,
      'Wait until the export has been written, then run again.',
    )
  }

  const blocks = blocksOf(handle, checkUnchanged, size)
  const first = await readAt(handle, 0, Math.min(4, size))
  return {
    path,
    size,
    encoding: 'utf-8',
    textName: 'the input',
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

/** The blocks of a file up to `end`, as `InputFile` gives them. */
export function blocksOf(
  handle: FileHandle,
  checkUnchanged: () => Promise<void>,
  end = Number.POSITIVE_INFINITY,
): InputFile['blocks'] {
  return async function* (offset) {
    for (let at = offset; at < end;) {
      const block = await readAt(handle, at, Math.min(blockSize, end - at))
      await checkUnchanged()
      if (block.length === 0) return
      at += block.length
      yield block
    }
  }
}

/** Bytes of a file, fewer where it ends before. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

export function isEmpty(path: string): BulkUpdateError {
  return new BulkUpdateError('E_EMPTY', `${path} is empty`, 'Give a CSV file with a header, or NDJSON.')
}

function cannotOpen(path: string, code: string): BulkUpdateError {
  const notAFile = code === 'ENOTFILE' || code === 'ENXIO'
  return new BulkUpdateError(
    'E_INPUT_OPEN',
    `${path} ${reasons[code] ?? `cannot be opened (${code})`}`,
    notAFile
      ? 'It is read more than once, so only a file will do. Pipe it into the command, which keeps it: … | rapyd-bulk update -'
      : 'Give the path of a CSV or NDJSON file, or - for standard input.',
  )
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  ENOTFILE: 'is not a regular file',
  // Of a socket, which standard input often is, and of a device that is not there.
  ENXIO: 'is not a regular file',
  EACCES: 'cannot be read: permission denied',
}
