/**
 * A file that is either the old one or the new one, whole: written under a temporary name in the same directory, then
 * renamed. Only its owner can read it, under any umask, and nothing is ever written through a link or into a device.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BulkUpdateError, explainSystemCode, systemCode } from '../model/errors.ts'
import { isAlive } from '../config/system.ts'

const pieceBytes = 64 * 1024
const ownerOnly = 0o600
let serial = 0

/** States: open until `commit` or `discard`; then nothing more may be written. `discard` is harmless after either. */
export interface OutputFile {
  readonly path: string
  /** Buffers, and writes in pieces of at least 64 KB. */
  write(piece: string | Buffer): void
  /** Makes what was written durable and puts it in the target's place. */
  commit(): void
  /** Removes the temporary file; the target stays as it was. */
  discard(): void
}

/**
 * Opens a new file that will take the place of `path`. `next` is what to do once a defect is mended, for messages; by default
 * it is to write the report of a run again.
 *
 * @throws BulkUpdateError LOCAL, E_REPORT_WRITE: the target is there and is no regular file of its own (link, directory,
 * pipe), or the system refuses (disk full, read-only, no permission); also from `write` and `commit`
 */
export function openOutputFile(path: string, next = rebuildRun(path)): OutputFile {
  refuseOddTarget(path, next)
  removeLeftovers(path, next)
  serial += 1
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${serial}.tmp`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  let descriptor: number | undefined = refusing(path, next, () => openSync(temporary, flags, ownerOnly))
  let pieces: Buffer[] = []
  let size = 0

  function discard(): void {
    if (descriptor === undefined) return
    closeSync(descriptor)
    descriptor = undefined
    pieces = []
    rmSync(temporary, { force: true })
  }

  /** A file that could not be written is of no use to anybody: it goes before the error does. */
  function guarded(action: (descriptor: number) => void): void {
    const open = descriptor
    if (open === undefined) throw new Error('the output file is closed')
    try {
      refusing(path, next, () => action(open))
    } catch (error) {
      discard()
      throw error
    }
  }

  function flush(open: number): void {
    const bytes = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
    pieces = []
    size = 0
    for (let from = 0; from < bytes.length;) from += writeSync(open, bytes, from)
  }

  guarded((open) => fchmodSync(open, ownerOnly))
  return {
    path,
    write(piece) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      pieces.push(bytes)
      size += bytes.length
      if (size >= pieceBytes) guarded(flush)
    },
    commit() {
      guarded((open) => {
        flush(open)
        fsyncSync(open)
        refuseOddTarget(path, next)
        renameSync(temporary, path)
        descriptor = undefined
        closeSync(open)
      })
    },
    discard,
  }
}

/**
 * Opens a file that a command writes because it was asked to: never over another one unless that was asked for as
 * well (`force`), and never over `input`, which is read meanwhile.
 *
 * @throws BulkUpdateError USAGE, E_FILE_EXISTS; LOCAL, E_REPORT_WRITE
 */
export function openNewFile(path: string, force: boolean, input: string): OutputFile {
  const there = existsSync(path)
  if (there && existsSync(input) && realpathSync(path) === realpathSync(input)) {
    throw new BulkUpdateError(
      'USAGE',
      'E_FILE_EXISTS',
      `${path} is the input itself`,
      'Name another file to write to.',
    )
  }
  if (there && !force) {
    throw new BulkUpdateError(
      'USAGE',
      'E_FILE_EXISTS',
      `${path} is there already`,
      'Name another file, or add --force to write over it. Nothing was written.',
    )
  }
  return openOutputFile(path, 'run the same command again.')
}

/** Writes a whole file, or leaves the one that is there. Throws like `openOutputFile`. */
export function writeOutputFile(path: string, pieces: Iterable<string>, next?: string): void {
  const file = openOutputFile(path, next)
  try {
    for (const piece of pieces) file.write(piece)
    file.commit()
  } finally {
    file.discard()
  }
}

/** Removes a file that an earlier report wrote; none there is as good. Throws like `openOutputFile`. */
export function removeOutputFile(path: string, next = rebuildRun(path)): void {
  refuseOddTarget(path, next)
  refusing(path, next, () => rmSync(path, { force: true }))
}

function refuseOddTarget(path: string, next: string): void {
  const target = refusing(path, next, () => lstatSync(path, { throwIfNoEntry: false }))
  if (target === undefined || (target.isFile() && target.nlink === 1)) return
  const what = target.isFile() ? 'has a second name (hard link)' : 'is not a regular file'
  throw new BulkUpdateError(
    'LOCAL',
    'E_REPORT_WRITE',
    `${path} ${what}, so nothing is written to it`,
    `Move it away, then ${next}`,
  )
}

/** What a killed process of the same report left behind. Other processes may be writing one now: those stay. */
function removeLeftovers(path: string, next: string): void {
  const prefix = `.${basename(path)}.`
  for (const name of refusing(path, next, () => readdirSync(dirname(path)))) {
    if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue
    const owner = /^(\d+)-\d+\.tmp$/.exec(name.slice(prefix.length))?.[1]
    if (owner !== undefined && !isAlive(Number(owner)))
      refusing(path, next, () => unlinkSync(join(dirname(path), name)))
  }
}

/** Turns a system error into one that says which file, and what to do. */
function refusing<Result>(path: string, next: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (error instanceof BulkUpdateError) throw error
    const code = systemCode(error)
    if (code === '') throw error
    throw new BulkUpdateError(
      'LOCAL',
      'E_REPORT_WRITE',
      `${path} could not be written: ${explainSystemCode(code)}`,
      `${remedyOf(code)}, then ${next}`,
      { cause: error },
    )
  }
}

/** A run's files lie in the directory that bears its id. */
function rebuildRun(path: string): string {
  return `rebuild the files with: rapyd-bulk report ${dirname(path)}. What was sent is safe in the journal.`
}

function remedyOf(code: string): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Make room'
  if (code === 'ENOENT') return 'Make the directory'
  if (['EROFS', 'EACCES', 'EPERM'].includes(code)) return 'Make the directory writable'
  return 'Look at the directory and the disk'
}
