/** The environment of the calls: which host they go to, and the keys that sign them. */
import { lstatSync, readFileSync } from 'node:fs'
import { BulkUpdateError } from '../model/errors.ts'

export const rapydHosts = {
  sandbox: 'https://sandboxapi.rapyd.net',
  production: 'https://api.rapyd.net',
} as const

/**
 * The host of the calls. A host that is not Rapyd's must be named twice, so that a typing error cannot send a key to a
 * stranger. http is for loopback only, because nothing leaves the machine.
 */
export function resolveOrigin(
  env: 'sandbox' | 'production',
  baseUrl: string | undefined,
  allowHost: string | undefined,
): URL {
  const text = baseUrl ?? rapydHosts[env]
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== ''
  ) {
    throw new BulkUpdateError(
      'E_BASE_URL',
      '--base-url is not a plain address',
      'Write scheme and host only, like https://sandboxapi.rapyd.net.',
    )
  }
  if (isLoopback(url) && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const known = Object.values(rapydHosts).some((host) => host === url.origin)
  if (url.protocol === 'https:' && (known || url.host === allowHost)) return url
  throw new BulkUpdateError(
    'E_HOST_NOT_ALLOWED',
    `--base-url: host not allowed: ${url.protocol}//${url.host}`,
    url.protocol === 'https:'
      ? `If that host is meant, add --allow-host ${url.host}.`
      : 'Use https; http is for loopback only.',
  )
}

export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname)
  )
}

/** True for every host of Rapyd but the sandbox, in any spelling: then a run asks for a confirmation. */
export function isProduction(url: URL): boolean {
  return /(^|\.)rapyd\.net\.*$/.test(url.hostname) && !/^sandboxapi\.rapyd\.net\.*$/.test(url.hostname)
}

/**
 * Reads a key from the variable `name`, or from the file that `<name>_FILE` names, which only its owner may read.
 * Returns undefined if neither is set.
 */
export function readKey(
  name: 'RAPYD_ACCESS_KEY' | 'RAPYD_SECRET_KEY',
  env: NodeJS.ProcessEnv,
): string | undefined {
  const path = env[`${name}_FILE`]
  if (path === undefined || path === '') return env[name]?.trim() || undefined
  const fileError = (reason: string) =>
    new BulkUpdateError(
      'E_KEY_FILE',
      `${name}_FILE: ${path} ${reason}`,
      'Give a file with the key alone that only you can read.',
    )
  const reason = keyFileDefect(path)
  if (reason !== undefined) throw fileError(reason)
  let key = ''
  try {
    key = readFileSync(path, 'utf8').trim()
  } catch {
    throw fileError('cannot be read')
  }
  if (key === '')
    throw new BulkUpdateError('E_KEY_FILE', `${name}_FILE: ${path} is empty`, 'Write the key into it.')
  return key
}

/** Returns undefined if only this user can read the file. */
function keyFileDefect(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 'does not exist'
  if (!stat.isFile()) return 'is not a regular file'
  if ((stat.mode & 0o077) !== 0) return 'can be read by others: chmod 600 it'
  const owner = process.getuid?.()
  return owner !== undefined && stat.uid !== owner ? 'belongs to another user' : undefined
}
