/**
 * The input as blocks of bytes. One handle stays open for all passes, so replacing the file has no effect. Its size and time are
 * compared after each block, so writing to it is detected.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { systemCode, type BulkUpdateError } from '../model/errors.ts'
import { machineLimit } from '../config/system.ts'
import { markLength, type Encoding } from './encoding.ts'
import { refusal } from './refusals.ts'

const blockSize = 64 * 1024

export interface InputFile {
  readonly path: string
  /** Bytes of the file as given. */
  readonly size: number
  /** The encoding of the file as given. Its blocks are always UTF-8. */
  readonly encoding: Encoding
  /** The name of the text in messages. */
  readonly textName: string
  /** 3 if the text starts with a byte order mark, else 0. */
  readonly textStart: number
  /** Blocks of text from `offset` on. Throws INPUT, E_INPUT_CHANGED, if the file has changed since it was opened. */
  blocks(offset: number): AsyncGenerator<Buffer>
  /** Hex SHA-256 over all bytes of the file as given. */
  digest(): Promise<string>
  /** Bytes of the text; fewer at its end. */
  read(offset: number, length: number): Promise<Buffer>
  /** Throws INPUT, E_INPUT_CHANGED, if the file has changed since it was opened. */
  checkUnchanged(): Promise<void>
  close(): Promise<void>
}

/** Opens a regular file. Throws INPUT errors for directories, pipes, missing and unreadable files. */
export async function openInput(path: string): Promise<InputFile> {
  // Without O_NONBLOCK, opening a pipe waits for its writer, and opening some devices for their line.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw machineLimit(error) ?? cannotOpen(path, systemCode(error))
  })
  return inputOf(handle, path)
}

/** Takes over an open file and closes it at the end. `path` is its name in messages. */
export async function inputOf(handle: FileHandle, path: string): Promise<InputFile> {
  const stat = await handle.stat({ bigint: true })
  if (!stat.isFile()) {
    await handle.close()
    throw cannotOpen(path, stat.isDirectory() ? 'EISDIR' : 'ENXIO')
  }
  const size = Number(stat.size)
  if (size === 0) {
    await handle.close()
    throw refusal('E_EMPTY', 'empty', { path })
  }

  async function checkUnchanged(): Promise<void> {
    const now = await handle.stat({ bigint: true })
    if (now.size === stat.size && now.mtimeNs === stat.mtimeNs) return
    throw refusal('E_INPUT_CHANGED', 'changed', { path })
  }

  const blocks = openBlocks(handle, checkUnchanged, size)
  return {
    path,
    size,
    encoding: 'utf-8',
    textName: 'the input',
    textStart: markLength(await readAt(handle, 0, 4)),
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

/** Makes `blocks` of an `InputFile`, up to `end`. */
export function openBlocks(
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

/** Bytes of a file; fewer at its end. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

function cannotOpen(path: string, code: string): BulkUpdateError {
  // Also for a socket, which standard input often is, and for a device without its hardware.
  if (code === 'ENXIO') return refusal('E_INPUT_OPEN', 'notAFile', { path })
  return refusal('E_INPUT_OPEN', 'notOpened', { path, reason: reasons[code] ?? `cannot be opened (${code})` })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'cannot be read: permission denied',
}
