/**
 * Files that hold a copy of an input: of standard input, because a run reads its input more than once and a pipe can be
 * read only once, and of a text that was decompressed or decoded. The file is its owner's alone, and is never somebody else's file or a link that waited under its name.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import type { Readable } from 'node:stream'
import { BulkUpdateError, explainSystemCode, systemCode } from '../model/errors.ts'

/** What messages call it. */
export const standardInput = 'standard input'

export type PipedInput = Readable & { readonly isTTY?: boolean }

const ownerOnly = 0o600

/**
 * `what` is kept in it; for messages.
 *
 * @throws BulkUpdateError LOCAL, E_SPOOL, where the file system refuses
 */
export async function openSpool(path: string, what = standardInput): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const handle = await open(path, flags, ownerOnly).catch((error: unknown) => {
    throw cannotKeep(path, what, error)
  })
  // Under any umask
  await handle.chmod(ownerOnly)
  return handle
}

/**
 * Copies `source` to its end, block by block, and leaves `source` to itself where that fails. `path` is for messages.
 *
 * @throws BulkUpdateError LOCAL: E_STDIN where it cannot be read, E_SPOOL where it cannot be written (disk full)
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
    throw new BulkUpdateError(
      'E_STDIN',
      `${standardInput} cannot be read (${systemCode(error)})`,
      'Look at the command that feeds the pipe, then run both again. Nothing was sent.',
      { cause: error },
    )
  }
}

/** Nobody types a customer export: a terminal here is a forgotten pipe, and waiting for it would look like a hang. */
export function refuseTerminal(source: PipedInput): void {
  if (source.isTTY !== true) return
  throw new BulkUpdateError(
    'E_STDIN_TERMINAL',
    `${standardInput} is a terminal, and - reads the input from there`,
    'Pipe a file into the command, like: rapyd-bulk update - < crm-export.csv. Nothing was sent.',
  )
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

/** Makes the copy durable. Throws like `openSpool`. */
export async function syncSpool(handle: FileHandle, path: string): Promise<void> {
  await handle.sync().catch((error: unknown) => {
    throw cannotKeep(path, standardInput, error)
  })
}

function cannotKeep(path: string, what: string, error: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'E_SPOOL',
    `${what} cannot be kept in ${path}: ${explainSystemCode(systemCode(error))}`,
    'Make room there, choose another folder (--runs-dir; TMPDIR for validate), or give the input as a file; then run again. Nothing was sent.',
    { cause: error },
  )
}
