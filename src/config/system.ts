/** What the program asks its machine: its own version, whether a limit is reached, and whether file systems answer. */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import tips from './machine-limits.json' with { type: 'json' }
import { errorsFrom, type BulkUpdateError, explainSystemCode, systemCode } from '../model/errors.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import texts from './error-texts.json' with { type: 'json' }

// A copy, so that our declarations hold its type and not the JSON file.
const errorOf = errorsFrom({ ...texts })

const manifest = parseJson(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const found = isJsonObject(manifest) ? manifest['version'] : undefined

/** The version of this program, from its package. */
export const version = typeof found === 'string' ? found : 'unknown'

const limitTips: ReadonlyMap<string, string> = new Map(Object.entries(tips))

/**
 * The error to throw if `error` comes from a limit of this machine, and not from what it was asked for. Resolvers and SQLite hide
 * the reason, so a file is opened to find out. Undefined if there is another reason. `reason`: the code of the error.
 */
export function machineLimit(error: unknown, reason = reasonOf(error)): BulkUpdateError | undefined {
  const code = [reason, codeOfOpening()].find((each) => limitTips.has(each))
  if (code === undefined) return undefined
  const values = { reason: explainSystemCode(code), tip: limitTips.get(code) ?? '' }
  return errorOf('E_MACHINE_LIMIT', 'machine_limit', values, error)
}

const longestLookMs = 10_000

/**
 * Looks at paths before anything else does: a call that waits for a file system that hangs would keep this process from all signals.
 * Throws LOCAL, E_PATH_HANGS, with the first path that has not answered in 10 s.
 */
export async function refuseHangingPaths(paths: readonly string[]): Promise<void> {
  const open = new Set(paths)
  const looks = paths.map(async (path) => {
    await stat(path).catch(() => {})
    open.delete(path)
  })
  await Promise.race([Promise.all(looks), sleep(longestLookMs, undefined, { ref: false })])
  const [path] = open
  if (path !== undefined) throw errorOf('E_PATH_HANGS', 'hanging_path', { path })
}

/** True if a file of so many bytes can hardly grow: for SQLite that is a fault of the disk. Only Linux says so. */
export function isFileSizeLimited(bytes: number): boolean {
  try {
    const [, limit] = /^Max file size +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit !== undefined && bytes + 2 ** 20 > Number(limit)
  } catch {
    return false
  }
}

function reasonOf(error: unknown): string {
  const isMemory = error instanceof Error && /allocation failed|out of memory/i.test(error.message)
  return isMemory ? 'ENOMEM' : systemCode(error)
}

/** SQLite opens a few files at a time, and has closed them when it reports that one was too many. */
function codeOfOpening(): string {
  const files: number[] = []
  try {
    for (let number = 0; number < 4; number++) files.push(openSync(import.meta.filename, 'r'))
    return ''
  } catch (error) {
    return systemCode(error)
  } finally {
    files.forEach(closeSync)
  }
}
