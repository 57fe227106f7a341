/** Which host the calls go to. */
import { usage } from '../model/errors.ts'

export const rapydHosts = {
  sandbox: 'https://sandboxapi.rapyd.net',
  production: 'https://api.rapyd.net',
} as const

/**
 * Where calls go. A foreign host must be named twice, so that a typing error cannot carry a key to a stranger;
 * http is for loopback, where nothing leaves the machine.
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
    throw usage(
      'E_BASE_URL',
      '--base-url is not a plain address',
      'Write scheme and host only, like https://sandboxapi.rapyd.net.',
    )
  }
  if (isLoopback(url) && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const known = Object.values(rapydHosts).some((host) => host === url.origin)
  if (url.protocol === 'https:' && (known || url.host === allowHost)) return url
  throw usage(
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

/** Which Rapyd an address is, for the question whether production was meant. */
export function isProduction(url: URL): boolean {
  return url.origin === rapydHosts.production
}
