/** The host that a run calls: Rapyd, a host that was named for it, or the embedded simulator in this process. */
import { hash } from 'node:crypto'
import { findProxy, isLoopback, nameOfProxy, readKey, resolveOrigin } from '../config/environment.ts'
import { pickOptions, type Resolved } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { invalidValue, parseRate } from '../config/values.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import type { Remote } from '../http/ports.ts'
import type { Window } from '../model/store.ts'
import { HiddenCredentials, type Credentials } from '../rapyd/signature.ts'
import type { RateWindow } from '../simulator/server.ts'

type RemoteOptions = Pick<
  UpdateOptions,
  'baseUrl' | 'allowHost' | 'accessKey' | 'secretKey' | 'faults' | 'seed'
>

/** @throws BulkUpdateError USAGE for options, credentials and an environment that a key must not be sent from */
export async function openRemote(options: Resolved<RemoteOptions>, env = process.env): Promise<Remote> {
  const windows = parseRate(options.rate, options.reserve)
  if (options.env === 'simulator') return openSimulator(options, windows)
  refuseRehearsal(options)
  const origin = resolveOrigin(options.env, options.baseUrl, options.allowHost)
  if (windows.length === 0 && !isLoopback(origin)) throw errorOf('E_RATE_NONE', 'no_rate')
  refuseUncheckedTls(origin, env)
  const credentials = readCredentials(options, env)
  return {
    origin,
    host: origin.host,
    account: hash('sha256', `rapyd-bulk account\n${credentials.accessKey}`, 'hex').slice(0, 12),
    // Only who calls needs a valid one.
    get proxy() {
      return options.proxy ? findProxy(origin, env) : undefined
    },
    credentials,
    windows,
    close: () => Promise.resolve(),
  }
}

/** The keys of the call, else those of the environment. Throws USAGE if one is missing or cannot be a key. */
export function readCredentials(
  options: Pick<RemoteOptions, 'accessKey' | 'secretKey'>,
  env = process.env,
): Credentials {
  const accessKey = options.accessKey ?? readKey('RAPYD_ACCESS_KEY', env)
  const secretKey = options.secretKey ?? readKey('RAPYD_SECRET_KEY', env)
  if (accessKey === undefined || secretKey === undefined) throw errorOf('E_NO_CREDENTIALS', 'no_credentials')
  checkKey('RAPYD_ACCESS_KEY', accessKey)
  checkKey('RAPYD_SECRET_KEY', secretKey)
  return new HiddenCredentials(accessKey, secretKey)
}

const connectionCodes: ReadonlySet<string> = new Set([
  'E_TLS',
  'E_PROXY_AUTH',
  'E_REDIRECT',
  'E_NOT_API',
  'E_REMOTE_DOWN',
])

/** Names the host, and the proxy if there is one, in an error of connections. Other errors stay as they are. */
export function nameRoute(error: unknown, { host, proxy }: Remote): unknown {
  if (!(error instanceof BulkUpdateError) || !connectionCodes.has(error.code)) return error
  const through = proxy === undefined ? '' : ` through the proxy ${nameOfProxy(proxy)}`
  return new BulkUpdateError(error.code, `${error.message}, at ${host}${through}`, error.remedy)
}

/** Node reads this variable itself, and would then send keys and customers to an unchecked host. */
function refuseUncheckedTls(origin: URL, env: NodeJS.ProcessEnv): void {
  if (origin.protocol !== 'https:' || env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return
  throw errorOf('E_TLS_UNCHECKED', 'unchecked_tls')
}

/** Quotes and white space come from copying. No key has them, so Rapyd would refuse the key. */
function checkKey(name: string, key: string): void {
  if (/^[!#-&(-_a-~]+$/.test(key)) return
  throw errorOf('E_KEY_FORMAT', 'no_key', { name })
}

/** The simulator enforces the rate that was given, so a rehearsal shows what crossing it does. */
async function openSimulator(
  { faults, seed, rate }: Resolved<RemoteOptions>,
  windows: readonly Window[],
): Promise<Remote> {
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw invalidValue('E_OPTION_SEED', 'seed', String(seed), 'use a whole number')
  // Imported only here: a run against Rapyd needs no server.
  const { createSimulator } = await import('../simulator/server.ts')
  const simulator = await createSimulator({
    windows: enforcedWindows(rate),
    keepCalls: 0,
    ...pickOptions({ faults, seed }, () => true),
  })
  return {
    origin: new URL(simulator.url),
    host: 'simulator',
    account: 'simulator',
    credentials: new HiddenCredentials(simulator.accessKey, simulator.secretKey),
    windows,
    close: () => simulator.close(),
  }
}

/** Faults are for rehearsals. With any other environment they are a mistake. */
function refuseRehearsal({ faults, seed, env }: Resolved<RemoteOptions>): void {
  for (const [option, value] of Object.entries({ faults, seed })) {
    if (value === undefined) continue
    throw errorOf('E_SIMULATOR_ONLY', 'only_simulator', { option, env })
  }
}

/** Windows for the simulator: a client that crosses one is blocked to the end of it. */
export function enforcedWindows(rate: string): readonly RateWindow[] {
  return parseRate(rate, '0%').map(({ limit, perMs }) => ({ limit, perMs, blockMs: 'window' }))
}
