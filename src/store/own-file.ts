/** Files that only their owner can read, before SQLite makes them readable for all. */
import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'

const ownerOnly = 0o600

/**
 * Makes the file at `path` where it is missing, and closes one that is there to others; SQLite's side files take over its mode. Throws a system
 * error where something else waits under that name: a link, a pipe, a directory, or a file with a second name.
 */
export function ownFile(path: string): void {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownerOnly)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.nlink !== 1) {
      throw Object.assign(new Error('not a file of its own'), { code: 'EMLINK' })
    }
    if ((stat.mode & 0o777) !== ownerOnly) fchmodSync(descriptor, ownerOnly)
  } finally {
    closeSync(descriptor)
  }
}
