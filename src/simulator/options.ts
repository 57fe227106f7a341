/** The options of the simulator and their defaults. "Unknown" means that nothing is known of what Rapyd does. */
import { randomBytes } from 'node:crypto'
import { groups, type CommandOptions, type Option } from '../config/options.ts'
import type { JsonObject } from '../model/json.ts'
import type { SimulatedCall } from './call-log.ts'

/** A customer as Retrieve Customer shows it; a given one may leave out every field but its id. */
export interface SimulatedCustomer extends JsonObject {
  readonly id: string
}

export interface RateWindow {
  readonly limit: number
  readonly perMs: number
  /** How long the block lasts from the crossing, or `'window'`: to the end of the current fixed window. */
  readonly blockMs: number | 'window'
}

/** 200 a minute, then blocked to the end of that minute; 1,000 in five minutes, then blocked for five (docs). */
export const documentedWindows: readonly RateWindow[] = [
  { limit: 200, perMs: 60_000, blockMs: 'window' },
  { limit: 1000, perMs: 300_000, blockMs: 300_000 },
]

/** What the command has as options too; `config/options.ts` says what each does. */
type Flags = Omit<CommandOptions<'simulator'>, 'rate' | 'latency' | 'customers'>

export interface SimulatorOptions extends Flags {
  /** Default: a random key, like `secretKey`. */
  readonly accessKey?: string
  readonly secretKey?: string
  /** Default: 200 a minute, then blocked to its end, and 1,000 in five minutes, then blocked for five. `[]` is no limit. */
  readonly windows?: readonly RateWindow[]
  /** Default `any`: every well-formed id exists, and its customer is made at the first call. A list: only those. */
  readonly customers?: 'any' | readonly SimulatedCustomer[]
  /** Added to every answer, in ms. Default 0. */
  readonly latencyMs?: number
  /** Number of the newest calls that stay readable; the counters count all. Default 100,000. */
  readonly keepCalls?: number
  /** Is called once for each call, when it has its answer or its connection has ended. */
  readonly onCall?: (call: SimulatedCall) => void
}

/** Those of the table, and those that only the library has. */
const defaults = {
  ...Object.fromEntries(
    Object.entries<Option>(groups.Simulator).map(([name, { default: value = '' }]) => [name, value]),
  ),
  customers: 'any',
  windows: documentedWindows,
  allowHost: '',
  latencyMs: groups.Simulator.latency.default,
  keepCalls: 100_000,
  onCall: () => {},
}

export function resolveSimulatorOptions(options: SimulatorOptions): Required<SimulatorOptions> {
  const { accessKey = `rak_${randomBytes(10).toString('hex')}` } = options
  const { secretKey = `rsk_${randomBytes(40).toString('hex')}` } = options
  const stated = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const resolved = { ...options, ...defaults, ...stated, accessKey, secretKey }
  if (!hasDefaults(resolved)) throw new Error('an option has no default')
  return resolved
}

function hasDefaults(options: object): options is Required<SimulatorOptions> {
  return Object.keys(defaults).every((name) => Object.hasOwn(options, name))
}
