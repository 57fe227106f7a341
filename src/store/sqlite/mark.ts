/**
 * The mark: a small file next to the store with the number of its commits, because SQLite drops a damaged log without an error.
 * Each run has a place of its own in the file, which only its owner writes. The largest number counts.
 */
import { closeSync, fdatasyncSync, ftruncateSync, lstatSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { closeToOthers, openOwnFile } from '../../config/own-files.ts'

/** What both the store and its mark hold. */
export interface MarkedState {
  /** Made at random with the store. */
  readonly identity: string
  readonly commits: number
}

export type Mark = ReturnType<typeof openMark>

/** The page cache outlives the process. After a power cut the mark may be so much older, which is accepted. Milliseconds. */
const syncEveryMs = 1_000
const placeBytes = 64

export function markPath(path: string): string {
  return `${path}-mark`
}

/** Opens the mark of the store at `path`, or creates it, readable by its owner only. */
export function openMark(path: string, { identity, commits }: MarkedState) {
  // A process may have been killed, or a disk full, before its first line was whole.
  const isNew = commits === 0 && typeof readMark(path) === 'string'
  const file = openOwnFile(markPath(path))
  let syncedAt = Number.NEGATIVE_INFINITY
  let due: NodeJS.Timeout | undefined

  function sync(): void {
    clearTimeout(due)
    due = undefined
    fdatasyncSync(file)
    syncedAt = performance.now()
  }

  function write(place: number, count: number): void {
    writeSync(file, lineOf({ identity, commits: count }), place * placeBytes)
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
    if (isNew) write(0, commits)
  } catch (error) {
    closeSync(file)
    throw error
  }
  return {
    /** Call after a commit and before anything that relies on it. Throws what the file system throws. */
    write,
    /** Forgets how far the store had come: from now on it counts as it is. */
    restart(count: number): void {
      ftruncateSync(file)
      write(0, count)
      sync()
    },
    close(): void {
      try {
        sync()
      } finally {
        closeSync(file)
      }
    },
  }
}

/**
 * Returns why a store cannot be the one that its mark was written for, or undefined if it is. `state` is undefined if the
 * store holds nothing. `path` is the store's. Read the store after calling `readMark`: other processes only move it forward.
 */
export function lostSince(
  mark: MarkedState | 'missing' | 'damaged',
  state: MarkedState | undefined,
  path: string,
): string | undefined {
  // A full disk may leave half a mark next to a store that has just been made.
  if (typeof mark === 'string' && state?.commits === 0) return undefined
  if (mark === 'missing') return state === undefined ? undefined : `its mark ${markPath(path)} is missing`
  if (mark === 'damaged') return `its mark ${markPath(path)} is damaged`
  if (state === undefined)
    return mark.commits === 0 ? undefined : `it is empty, and its mark shows ${mark.commits} commits`
  if (state.identity !== mark.identity) return `its mark ${markPath(path)} belongs to another file`
  return state.commits < mark.commits
    ? `it has ${state.commits} commits, and its mark shows ${mark.commits}`
    : undefined
}

export function readMark(path: string): MarkedState | 'missing' | 'damaged' {
  const at = markPath(path)
  const stat = lstatSync(at, { throwIfNoEntry: false })
  if (stat === undefined) return 'missing'
  // Reading a pipe would wait for its writer.
  if (!stat.isFile() || stat.nlink !== 1) return 'damaged'
  closeToOthers(at)
  const bytes = readFileSync(at)
  let newest: MarkedState | undefined
  for (let from = 0; from < bytes.length; from += placeBytes) {
    const place = bytes.subarray(from, from + placeBytes)
    // A place that no run has written yet.
    if (place.every((byte) => byte === 0)) continue
    const found = line.exec(place.toString('latin1'))
    const [, text = '', identity = '', commits = '', sum] = found ?? []
    if (found === null || sum !== checksum(text)) return 'damaged'
    if (newest !== undefined && newest.identity !== identity) return 'damaged'
    newest = { identity, commits: Math.max(newest?.commits ?? 0, Number(commits)) }
  }
  return newest ?? 'damaged'
}

const line = /^(([0-9a-f-]{36}) (\d{17})) ([0-9a-f]{8})\n$/

function lineOf({ identity, commits }: MarkedState): string {
  const text = `${identity} ${String(commits).padStart(17, '0')}`
  return `${text} ${checksum(text)}\n`
}

/** False for the state of a damaged store. */
export function canBeMarked(state: MarkedState): boolean {
  return line.test(lineOf(state))
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

/** In the folder of a run, where an old copy of a store and its mark does not reach. One line, of the run's last commit. */
const runMarkPath = (directory: string): string => markPath(join(directory, '.store'))

/** Call after a commit of the run and before anything that relies on it. A folder that cannot be written to stays without it. */
export function writeRunMark(directory: string, state: MarkedState): void {
  try {
    const file = openOwnFile(runMarkPath(directory))
    try {
      writeSync(file, lineOf(state), 0)
      ftruncateSync(file, placeBytes)
    } finally {
      closeSync(file)
    }
  } catch {
    // The store has a mark of its own.
  }
}

/** How many commits the folder of a run shows; 0 if it shows none of this store, or if its mark is damaged. */
export function commitsShownIn(directory: string, identity: string): number {
  try {
    const found = readMark(join(directory, '.store'))
    return typeof found !== 'string' && found.identity === identity ? found.commits : 0
  } catch {
    return 0
  }
}
