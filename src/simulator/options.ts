/** The simulator's options, with every default in one place. What Rapyd does is unknown where a line says "unknown". */
import { randomBytes } from 'node:crypto'
import { groups } from '../config/options.ts'
import type { SimulatedCustomer } from './customers.ts'
import type { RateWindow } from './limits.ts'
import { documentedWindows } from './limits.ts'

export interface SimulatorOptions {
  /** Made up when left out, as `secretKey` is. */
  readonly accessKey?: string
  readonly secretKey?: string
  /** On 127.0.0.1, the only address it binds. Default 0: any free one. */
  readonly port?: number
  /** Default: 200 a minute, blocked to the end of it, and 1,000 in five minutes, blocked for five. `[]`: no limit. */
  readonly windows?: readonly RateWindow[]
  /** Send `Retry-After` with a 429. Unknown; default false. */
  readonly retryAfter?: boolean
  /** Body of a 429. Unknown; default `html`, as of a firewall. */
  readonly limitBody?: 'html' | 'json'
  /** Default `off`, as documented for customers; `all-post` is what Rapyd's support can switch on. */
  readonly idempotency?: 'off' | 'all-post'
  /** What a signature is checked over. Inferred; default `reserialised`, where `raw` is the exact bytes. */
  readonly signature?: 'reserialised' | 'raw'
  /** Default `measured` (300 s ago to an hour ahead); `documented` is now to 60 s ago. */
  readonly timestamps?: 'measured' | 'documented'
  /** What `addresses` in an update does. Inferred; default `append`. */
  readonly addresses?: 'append' | 'replace'
  /** Default `any`: every well-formed id exists, made on first touch. A list: only those. */
  readonly customers?: 'any' | readonly SimulatedCustomer[]
  /** Added to every answer, in ms. Default 0. */
  readonly latencyMs?: number
  /** See `faults.ts` for the grammar. Default none. */
  readonly faults?: string
  /** Of the dice for shares of faults. Default 1. */
  readonly seed?: number
  /** The server's clock minus ours, in ms. Default 0. */
  readonly clockSkewMs?: number
  /** How many of the newest calls stay readable; the counters count all. Default 100,000. */
  readonly keepCalls?: number
}

const { Simulator: simulator } = groups

export function resolveSimulatorOptions(options: SimulatorOptions): Required<SimulatorOptions> {
  return {
    accessKey: options.accessKey ?? `rak_${randomBytes(10).toString('hex')}`,
    secretKey: options.secretKey ?? `rsk_${randomBytes(40).toString('hex')}`,
    port: options.port ?? simulator.port.default,
    windows: options.windows ?? documentedWindows,
    retryAfter: options.retryAfter ?? false,
    limitBody: options.limitBody ?? 'html',
    idempotency: options.idempotency ?? simulator.idempotency.default,
    signature: options.signature ?? 'reserialised',
    timestamps: options.timestamps ?? 'measured',
    addresses: options.addresses ?? 'append',
    customers: options.customers ?? 'any',
    latencyMs: options.latencyMs ?? simulator.latency.default,
    faults: options.faults ?? simulator.faults.default,
    seed: options.seed ?? simulator.seed.default,
    clockSkewMs: options.clockSkewMs ?? 0,
    keepCalls: options.keepCalls ?? 100_000,
  }
}
