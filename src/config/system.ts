/** What the program asks its machine: its own version, whether a process is alive, and files that only their owner can read. */
import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { systemCode } from '../model/errors.ts'
import { isJsonObject, parseJson } from '../model/json.ts'

const manifest = parseJson(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const found = isJsonObject(manifest) ? manifest['version'] : undefined

/** The version of this program, from its package. */
export const version = typeof found === 'string' ? found : 'unknown'

/** True also for a process of another user, which cannot be signalled. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) !== 'ESRCH'
  }
}

const ownerOnly = 0o600

/**
 * Opens or creates the file at `path` for writing and makes it readable for its owner only. `more` are further flags of open(2).
 * Throws a system error if the path is a link, a pipe, a directory, or a file with a second name.
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
