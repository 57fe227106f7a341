/**
 * Which folders only this user can change. Plain JavaScript, because every start needs it before the cache of compiled code is on.
 */
import { lstatSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Undefined on Windows, which has no such owners. */
export const effectiveUser = process.geteuid?.()

/** @param {{ readonly uid: number }} stats */
export function isOwn({ uid }) {
  return effectiveUser === undefined || uid === effectiveUser
}

/** Only the owner of an entry can rename it there. */
export const sticky = 0o1000

/**
 * The folder at `path`, or the first one above it, that is another user's or that others can write to, and the reason. Undefined if
 * there is none. A folder, or a link on the way to one, may be root's if nobody else can replace what is in it.
 *
 * @param {string} path
 * @returns {{ readonly path: string, readonly reason: string } | undefined}
 */
export function findForeignFolder(path) {
  const above = dirname(resolve(path))
  const foreign = above === path ? undefined : findForeignFolder(above)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (foreign !== undefined || found === undefined || isOwn(found)) return foreign
  const { uid, gid, mode } = found
  // The group of a volume of Kubernetes (`fsGroup`) may write to its mount point.
  const writers = process.getgroups?.().includes(gid) === true ? 0o002 : 0o022
  const isClosed = found.isSymbolicLink() || (mode & sticky) !== 0 || (mode & writers) === 0
  if (uid === 0 && isClosed) return undefined
  return {
    path,
    reason: uid === 0 ? 'can be written to by other users' : `belongs to another user (uid ${uid})`,
  }
}

/**
 * True if `path` is a folder that nobody else can read, write or replace.
 *
 * @param {string} path
 */
export function isOwnFolder(path) {
  try {
    const found = lstatSync(path)
    if (!found.isDirectory() || !isOwn(found) || (found.mode & 0o077) !== 0) return false
    return findForeignFolder(path) === undefined && findForeignFolder(realpathSync(path)) === undefined
  } catch {
    return false
  }
}
