/**
 * Files and folders of our own: the effective user owns them, and nobody else reaches them. What another user owns is refused,
 * because he can read or replace what is written there.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  type Stats,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { errorsFrom, type BulkUpdateError, systemCode } from '../model/errors.ts'
import { effectiveUser, findForeignFolder, isOwn, sticky } from './owners.mjs'
import texts from './error-texts.json' with { type: 'json' }

// A copy, so that our declarations hold its type and not the JSON file.
const errorOf = errorsFrom({ ...texts })

/** The name of the warning of this process that a folder was closed to others. */
export const ownFolderWarning = 'OwnFolderWarning'

const ownerOnly = 0o600
const ownerOnlyFolder = 0o700

/**
 * Makes a folder and what is missing above it, for this user only, or finds it. One that others can reach is closed to them, unless
 * it holds files of others. `prefix`: names in it that begin so are ours.
 *
 * @throws BulkUpdateError USAGE, E_NOT_OURS, if another user owns it or a folder above it; system errors
 */
export function openOwnFolder(folder: string, prefix?: string): string {
  const path = resolve(folder)
  refuseForeignFolder(path)
  makeLevels(path)
  const real = realpathSync(path)
  refuseForeignFolder(real)
  const { mode, uid } = statSync(real)
  const isClosed = (mode & 0o077) === 0 || (mode & sticky) !== 0
  if (!isClosed && uid === effectiveUser && holdsOnlyOurs(real, prefix)) {
    chmodSync(real, ownerOnlyFolder)
    const octal = (mode & 0o7777).toString(8)
    process.emitWarning(`${folder} was open to other users (mode ${octal}); it is now 700`, ownFolderWarning)
  }
  return folder
}

/** One level at a time: `recursive` never returns for a path such as /proc/x (Node 24). */
export function makeLevels(folder: string): string {
  const missing: string[] = []
  for (let at = resolve(folder); !isFolder(at); at = dirname(at)) missing.unshift(at)
  for (const path of missing) makeLevel(path)
  return folder
}

/** False if there is nothing. Throws if there is something else. */
function isFolder(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || stat.isDirectory()) return stat !== undefined
  throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
}

function makeLevel(path: string): void {
  try {
    mkdirSync(path, { mode: ownerOnlyFolder })
  } catch (error) {
    // Another process may have made it first. A link without a target also exists, and is no folder.
    if (systemCode(error) !== 'EEXIST' || !isFolder(path)) throw error
  }
}

function refuseForeignFolder(folder: string): void {
  const found = findForeignFolder(folder)
  if (found !== undefined) throw notOurs(found.path, found.reason)
}

/** What we write into the folders of runs and plans. */
const ourNames = /^(?:\.|(?:run|summary|report|results|errors|plan|readings|rollback|vanished)\.|input$)/

/** A folder with other files in it is no folder of ours, and closing it could lock others out. */
function holdsOnlyOurs(folder: string, prefix: string | undefined): boolean {
  return readdirSync(folder, { withFileTypes: true }).every((entry) => {
    if (prefix !== undefined && entry.name.startsWith(prefix)) return true
    return entry.isDirectory() ? holdsOnlyOurs(join(folder, entry.name), prefix) : ourNames.test(entry.name)
  })
}

/** Makes the folder of compiled code; undefined if it cannot be trusted. Others may have put code into an open one. */
export function openCodeCache(folder: string): string | undefined {
  try {
    const found = lstatSync(folder, { throwIfNoEntry: false })
    if (found !== undefined && isOwn(found) && (found.mode & 0o077) !== 0) rmSync(folder, { recursive: true })
    return openOwnFolder(folder)
  } catch {
    return undefined
  }
}

/**
 * Opens or creates the file at `path` for writing and makes it readable for its owner only. `more` are further flags of open(2).
 * Throws a system error if the path is a link, a pipe, a directory, or a file with a second name; E_NOT_OURS if it is another user's.
 */
export function openOwnFile(path: string, more = 0): number {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | more, ownerOnly)
  try {
    const stat = fstatSync(descriptor)
    refuseForeignFile(path, stat)
    if ((stat.mode & 0o777) !== ownerOnly) fchmodSync(descriptor, ownerOnly)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** The same for a file that is opened by its path. Returns false if there is none. */
export function closeToOthers(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return false
  refuseForeignFile(path, found)
  if ((found.mode & 0o777) !== ownerOnly) chmodSync(path, ownerOnly)
  return true
}

function refuseForeignFile(path: string, stat: Stats): void {
  if (!stat.isFile() || stat.nlink !== 1)
    throw Object.assign(new Error('not a file of its own'), { code: 'EMLINK' })
  if (!isOwn(stat)) throw notOurs(path, `belongs to another user (uid ${stat.uid})`)
}

function notOurs(path: string, what: string): BulkUpdateError {
  return errorOf('E_NOT_OURS', 'not_ours', { path, what, uid: String(effectiveUser) })
}
