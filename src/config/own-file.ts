/** Files of our own that are there already or are made: only their owner can read them, and nothing is written through a link. */
import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'

const ownerOnly = 0o600

/**
 * Opens the file at `path` for writing, makes it where it is missing, and closes one that is there to others. Throws a system
 * error where something else waits under that name: a link, a pipe, a directory, or a file with a second name. `more` are
 * further flags of the system.
 */
export function openOwnFile(path: string, more = 0): number {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | more, ownerOnly)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.nlink !== 1)
      throw Object.assign(new Error('not a file of its own'), { code: 'EMLINK' })
    if ((stat.mode & 0o777) !== ownerOnly) fchmodSync(descriptor, ownerOnly)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}
