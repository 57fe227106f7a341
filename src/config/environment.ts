/** The environment of the calls: which host they go to, and the keys that sign them. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { BulkUpdateError, errorsFrom, systemCode } from '../model/errors.ts'
import { shellWord } from '../model/text.ts'
import { effectiveUser } from './owners.mjs'
import texts from './error-texts.json' with { type: 'json' }

// A copy, so that our declarations hold its type and not the JSON file.
const errorOf = errorsFrom({ ...texts })

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
  )
    throw errorOf('E_BASE_URL', 'base_url')
  if (isLoopback(url) && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const known = Object.values(rapydHosts).some((host) => host === url.origin)
  if (url.protocol === 'https:' && (known || url.host === allowHost)) return url
  const address = `${url.protocol}//${url.host}`
  if (url.protocol !== 'https:') throw errorOf('E_HOST_NOT_ALLOWED', 'plain_http', { address })
  throw errorOf('E_HOST_NOT_ALLOWED', 'other_host', { address, word: shellWord(url.host) })
}

export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname)
  )
}

/**
 * The proxy for calls to `origin`, or undefined if they are direct. Calls on loopback always are. As with undici, `HTTP_PROXY` counts
 * if there is no `HTTPS_PROXY`, and names in small letters go first. Throws USAGE, E_PROXY.
 */
export function findProxy(origin: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const
  const name = names.find((each) => env[each]?.trim())
  const exempt = env['no_proxy'] || env['NO_PROXY'] || ''
  if (name === undefined || isLoopback(origin) || isExempt(origin, exempt)) return undefined
  const url = parseProxy(env[name]?.trim() ?? '')
  if (url !== undefined) return url
  throw errorOf('E_PROXY', 'no_proxy', { name })
}

/** `NO_PROXY` lists hosts with all below them, with or without a port: `rapyd.net, .rapyd.net, *.rapyd.net:443, *`. */
function isExempt({ hostname, port }: URL, list: string): boolean {
  const names = [hostname, hostname.replace(/^\[|\]$/g, ''), `${hostname}:${port || 443}`]
  return list.split(/[,\s]+/).some((entry) => {
    const bare = entry.toLowerCase().replace(/^\*?\.|\.$/g, '')
    return bare === '*' || (bare !== '' && names.some((name) => `.${name}`.endsWith(`.${bare}`)))
  })
}

/** An unencoded `#` or `/` in a password makes something else of it, which is no address. */
function parseProxy(text: string): URL | undefined {
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`)
    decodeURIComponent(`${url.username}${url.password}`)
    const isPlain = url.pathname === '/' && url.search === '' && url.hash === ''
    return isPlain && /^https?:$/.test(url.protocol) ? url : undefined
  } catch {
    return undefined
  }
}

/** Host and port of a proxy. Never its user and password. */
export function nameOfProxy({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}

/** True for every host of Rapyd but the sandbox, in any spelling: then a run asks for a confirmation. */
export function isProduction(url: URL): boolean {
  return /(^|\.)rapyd\.net\.*$/.test(url.hostname) && !/^sandboxapi\.rapyd\.net\.*$/.test(url.hostname)
}

/**
 * Reads a key from the variable `name`, or from the file that `<name>_FILE` names, which only its owner may read, or which is a
 * mounted Secret of Kubernetes. Returns undefined if neither is set.
 */
export function readKey(
  name: 'RAPYD_ACCESS_KEY' | 'RAPYD_SECRET_KEY',
  env: NodeJS.ProcessEnv,
): string | undefined {
  const path = env[`${name}_FILE`]
  if (path === undefined || path === '') return env[name]?.trim() || undefined
  const fileError = (reason: string) => errorOf('E_KEY_FILE', 'key_file', { name, path, reason })
  let file: number | undefined
  try {
    const isLink = lstatSync(path).isSymbolicLink()
    const target = realpathSync(path)
    if (isLink && !target.startsWith(realpathSync(dirname(path)) + sep))
      throw fileError('is not a regular file, but a link to another folder')
    // What is examined is what is read, whatever the path names by then.
    file = openSync(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const defect = keyFileDefect(file, isLink)
    if (defect !== undefined) throw fileError(defect)
    const bytes = Buffer.alloc(longestKey + 1)
    const length = readSync(file, bytes)
    const key = bytes.toString('utf8', 0, length).trim()
    if (key === '') throw fileError('is empty')
    if (length > longestKey) throw fileError('is too long for a key')
    return key
  } catch (error) {
    if (error instanceof BulkUpdateError) throw error
    const code = systemCode(error)
    throw fileError(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

const longestKey = 4_096

/** Kubernetes mounts a Secret as links within a folder, or as files of root that nobody writes and a group of the process reads. */
function keyFileDefect(file: number, isLink: boolean): string | undefined {
  const stat = fstatSync(file)
  if (!stat.isFile()) return 'is not a regular file'
  const isOurs = effectiveUser === undefined || stat.uid === effectiveUser
  if (!isOurs && stat.uid !== 0) return 'belongs to another user'
  const isMounted = isLink || !isOurs || (stat.mode & 0o222) === 0
  if ((stat.mode & (isMounted ? 0o037 : 0o077)) === 0) return undefined
  return `can be read by others: ${isMounted ? 'set defaultMode: 0440' : 'chmod 600 it'}`
}
