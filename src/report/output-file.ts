/**
 * Files that are replaced whole or not at all: written under a temporary name in the same directory, then renamed. Only the owner
 * can read them. Nothing is written through a link or into a device.
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BulkUpdateError, errorsFrom, explainSystemCode, systemCode } from '../model/errors.ts'
import { shellWord } from '../model/text.ts'
import { isLocked, lockFile } from '../config/file-lock.ts'
import { isOwn } from '../config/owners.mjs'
import texts from './error-texts.json' with { type: 'json' }
import writeTips from './write-tips.json' with { type: 'json' }

// A copy, so that our declarations hold its type and not the JSON file.
const errorOf = errorsFrom({ ...texts })

/** By the system's code. */
const tips: Readonly<Record<string, string | undefined>> = writeTips

const pieceBytes = 64 * 1024
const ownerOnly = 0o600

export type OutputFile = ReturnType<typeof openOutputFile>

/**
 * Opens a new file that will replace `path`. Throws LOCAL, E_REPORT_WRITE, also from `write` and `commit`. `next` ends the tip:
 * what to do after the cause is fixed, by default to write the report of the run again. Only a file that starts with `start` is
 * replaced: USAGE, E_FILE_EXISTS.
 *
 * The file is open until `commit` or `discard`. After that `write` and `commit` throw, and `discard` does nothing.
 */
export function openOutputFile(path: string, next = rebuildRun(path), start = '') {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  const descriptor = withWriteError(path, next, () => {
    refuseSpecialTarget(path, next)
    if (!startsWith(path, start)) throw errorOf('E_FILE_EXISTS', 'other_file', { path, next })
    removeLeftovers(path)
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    return openSync(temporary, flags, ownerOnly)
  })
  const lock = lockFile(temporary)
  let pieces: Buffer[] = []
  let size = 0
  let isOpen = true

  /** Removes the temporary file; the target stays as it was. */
  function discard(): void {
    if (!isOpen) return
    isOpen = false
    closeSync(descriptor)
    lock?.close()
    rmSync(temporary, { force: true })
  }

  /** Removes the temporary file before the error is thrown. */
  function guarded(action: () => void): void {
    if (!isOpen) throw new Error('the output file is closed')
    try {
      withWriteError(path, next, action)
    } catch (error) {
      discard()
      throw error
    }
  }

  function flush(): void {
    const bytes = Buffer.concat(pieces)
    pieces = []
    size = 0
    for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from)
  }

  guarded(() => fchmodSync(descriptor, ownerOnly))
  return {
    /** Writes through a buffer of 64 KB. */
    write(piece: string | Buffer): void {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      pieces.push(bytes)
      size += bytes.length
      if (size >= pieceBytes) guarded(flush)
    },
    /** Makes the content durable and replaces the target. */
    commit(): void {
      guarded(() => {
        flush()
        fsyncSync(descriptor)
        refuseSpecialTarget(path, next)
        renameSync(temporary, path)
        isOpen = false
        closeSync(descriptor)
        lock?.close()
      })
    },
    discard,
    [Symbol.dispose]: discard,
  }
}

/**
 * Opens a file that the user names: it replaces an existing file only with `force`, and never `input`, which is read at the
 * same time. Throws USAGE, E_FILE_EXISTS; LOCAL, E_REPORT_WRITE.
 */
export function openNewFile(path: string, force: boolean, input: string): OutputFile {
  const exists = existsSync(path)
  if (exists && existsSync(input) && realpathSync(path) === realpathSync(input))
    throw errorOf('E_FILE_EXISTS', 'input_itself', { path })
  if (exists && !force) throw errorOf('E_FILE_EXISTS', 'file_exists', { path })
  return openOutputFile(path, 'run the same command again.')
}

/** Replaces a file, or leaves it as it is. Throws like `openOutputFile`. */
export function writeOutputFile(path: string, pieces: Iterable<string>, next?: string, start?: string): void {
  using file = openOutputFile(path, next, start)
  for (const piece of pieces) file.write(piece)
  file.commit()
}

/** Removes the file of an earlier report, if there is one. Throws like `openOutputFile`. */
export function removeOutputFile(path: string, next = rebuildRun(path)): undefined {
  withWriteError(path, next, () => {
    refuseSpecialTarget(path, next)
    rmSync(path, { force: true })
  })
}

function refuseSpecialTarget(path: string, next: string): void {
  const target = lstatSync(path, { throwIfNoEntry: false })
  if (target === undefined) return
  const isForeign = !isOwn(target)
  const names = target.isFile() ? 'has a second name (hard link)' : 'is not a regular file'
  if (target.isFile() && target.nlink === 1 && !isForeign) return
  const what = isForeign ? `belongs to another user (uid ${target.uid})` : names
  throw errorOf('E_REPORT_WRITE', 'special_target', { path, what, next })
}

/** True also for an empty file, and for none. */
function startsWith(path: string, start: string): boolean {
  if (start === '' || !existsSync(path)) return true
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const bytes = Buffer.alloc(Buffer.byteLength(start))
    const found = bytes.toString('utf8', 0, readSync(descriptor, bytes))
    return found === '' || found === start
  } finally {
    closeSync(descriptor)
  }
}

/** Names of temporary files; those of version 0.1 hold a process id. */
const temporaryName = /^(?:[0-9a-f-]{36}|\d+-\d+)\.tmp$/

/** Removes the temporary files of killed processes. Those of living processes and of other users stay. */
function removeLeftovers(path: string): void {
  const prefix = `.${basename(path)}.`
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix) || !temporaryName.test(name.slice(prefix.length))) continue
    const leftover = join(dirname(path), name)
    const found = lstatSync(leftover, { throwIfNoEntry: false })
    if (found?.isFile() === true && isOwn(found) && !isLocked(leftover)) rmSync(leftover, { force: true })
  }
}

/** Turns a system error into one that names the file and has a tip. */
function withWriteError<Result>(path: string, next: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof BulkUpdateError) throw error
    const code = systemCode(error)
    if (code === '') throw error
    const tip = tips[code] ?? 'Look at the directory and the disk'
    throw errorOf('E_REPORT_WRITE', 'unwritten', { path, why: explainSystemCode(code), tip, next }, error)
  }
}

/** The directory of a run's files has the id as its name. */
function rebuildRun(path: string): string {
  return `rebuild the files; what was sent is safe in the store: rapyd-bulk report ${shellWord(dirname(path))}`
}
