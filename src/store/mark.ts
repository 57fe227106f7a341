/**
 * The mark of a database: a small file next to it that says how many commits it has had. SQLite drops a damaged or missing
 * write-ahead log without an error, and an old copy looks like any other. A database that is behind its mark has lost commits.
 */
import { closeSync, fdatasyncSync, lstatSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { openOwnFile } from '../config/system.ts'

/** What a database says of itself, and what its mark says of it. */
export interface MarkedState {
  /** Made at random with the database. */
  readonly identity: string
  readonly commits: number
}

export interface Mark {
  /** Call after each commit and before anything that relies on it. Throws what the file system throws. */
  write(commits: number): void
  close(): void
}

/** The page cache outlives the process. After a power cut the mark may be so much older, which is accepted. */
const syncEveryMs = 1_000

export function markPath(path: string): string {
  return `${path}-mark`
}

/** Opens the mark of the database at `path`, or creates it, readable by its owner only. */
export function openMark(path: string, { identity, commits }: MarkedState): Mark {
  const file = openOwnFile(markPath(path))
  let syncedAt = Number.NEGATIVE_INFINITY
  let due: NodeJS.Timeout | undefined

  function sync(): void {
    clearTimeout(due)
    due = undefined
    fdatasyncSync(file)
    syncedAt = performance.now()
  }

  function write(count: number): void {
    const text = `${identity} ${String(count).padStart(16, '0')}`
    writeSync(file, `${text} ${checksum(text)}\n`, 0)
    if (performance.now() - syncedAt >= syncEveryMs) sync()
    else due ??= setTimeout(syncLater, syncEveryMs).unref()
  }

  function syncLater(): void {
    try {
      sync()
    } catch {
      // The next write, or the end, fails as well.
    }
  }

  try {
    write(commits)
  } catch (error) {
    closeSync(file)
    throw error
  }
  return {
    write,
    close() {
      try {
        sync()
      } finally {
        closeSync(file)
      }
    },
  }
}

/**
 * Returns why a database cannot be the one that its mark was written for, or undefined if it is. `state` is undefined if the
 * database holds nothing. Read the database after calling `readMark`: a running run only moves it forward.
 */
export function lostSince(
  mark: MarkedState | 'missing' | 'damaged',
  state: MarkedState | undefined,
): string | undefined {
  // A full disk may leave half a mark next to a database that has just been made.
  if (typeof mark === 'string' && state?.commits === 0) return undefined
  if (mark === 'missing') return state === undefined ? undefined : 'its mark is missing'
  if (mark === 'damaged') return 'its mark is damaged'
  if (state === undefined) return `it is empty, and its mark shows ${mark.commits} commits`
  if (state.identity !== mark.identity) return 'its mark belongs to another file'
  return state.commits < mark.commits
    ? `it has ${state.commits} commits, and its mark shows ${mark.commits}`
    : undefined
}

export function readMark(path: string): MarkedState | 'missing' | 'damaged' {
  const at = markPath(path)
  if (lstatSync(at, { throwIfNoEntry: false }) === undefined) return 'missing'
  const found = /^(([0-9a-f-]{36}) (\d{16})) ([0-9a-f]{8})\n$/.exec(readFileSync(at, 'latin1'))
  const [, text = '', identity = '', commits = '', sum] = found ?? []
  return found === null || sum !== checksum(text) ? 'damaged' : { identity, commits: Number(commits) }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
