/**
 * Checks the signature of a request. It shares no code with the client that it checks. The order is as measured: headers, access
 * key, signature, timestamp, salt.
 */
import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { parseJson } from '../model/json.ts'
import { canned, type Answer } from './answers.ts'
import type { SimulatorOptions } from './options.ts'

export interface SignedParts {
  /** As on the request line, in upper case. */
  readonly method: string
  /** Everything after the host, query included. */
  readonly path: string
  readonly salt: string
  readonly timestamp: string
  readonly accessKey: string
  readonly secretKey: string
  /** The text that is signed, or its bytes. */
  readonly body: string | Uint8Array
}

/** BASE64(hex(HMAC-SHA256)): the base64 of 64 lower-case hex digits, not of the 32 bytes (docs, "Request Signatures"). */
export function expectedSignature(parts: SignedParts): string {
  const head = `${parts.method.toLowerCase()}${parts.path}${parts.salt}${parts.timestamp}`
  const digits = createHmac('sha256', parts.secretKey)
    .update(`${head}${parts.accessKey}${parts.secretKey}`)
    .update(parts.body)
    .digest('hex')
  return Buffer.from(digits, 'latin1').toString('base64')
}

/**
 * The body as Rapyd most likely checks it: parsed and written again by `JSON.stringify`, with `{}` as an empty text (inferred
 * from its error text and the official samples). Text that is not JSON stays.
 */
export function reserialised(body: string): string {
  const value = parseJson(body)
  if (value === undefined) return body
  const text = JSON.stringify(value)
  return text === '{}' ? '' : text
}

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  /** As in the path; empty if it names none. */
  readonly customerId: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  readonly text: string
}

/** How long Rapyd stores used salts is unknown: at least 300 s. */
const saltMemoryMs = 600_000
const mostSalts = 1_000_000

/**
 * The result returns the refusal of a request that is not well signed, or undefined and uses its salt. `wallMs` is the server's
 * clock, which a fault may change. `nowMs` is monotonic and measures how long salts are stored.
 */
export function createAuthentication(
  options: Pick<Required<SimulatorOptions>, 'accessKey' | 'secretKey' | 'signature' | 'timestamps'>,
) {
  const salts = createMemory<true>(saltMemoryMs, mostSalts)
  return (
    request: Omit<ReceivedRequest, 'customerId'>,
    wallMs: number,
    nowMs: number,
  ): Answer | undefined => {
    const { method, path, headers, body, text } = request
    const [salt, timestamp, accessKey, signature] = ['salt', 'timestamp', 'access_key', 'signature'].map(
      (name) => String(headers[name] ?? ''),
    )
    if (!salt || !timestamp || !accessKey || !signature || !/^\d{1,15}$/.test(timestamp))
      return canned('missing-headers')
    if (accessKey !== options.accessKey) return canned('key-401')
    const { secretKey } = options
    const isSigned = (signed: string | Uint8Array) =>
      signature === expectedSignature({ method, path, salt, timestamp, accessKey, secretKey, body: signed })
    const isRawSigned = options.signature !== 'reserialised' && isSigned(body)
    if (!isRawSigned && (options.signature === 'raw' || !isSigned(reserialised(text))))
      return canned('signature-401')
    if (!inRange(Math.floor(wallMs / 1000) - Number(timestamp), options.timestamps))
      return canned('timestamp-401')
    if (salts.recall(salt, nowMs) === true) return canned('salt-401')
    salts.remember(salt, true, nowMs)
    return undefined
  }
}

/** `documented`: now, or less than 60 s ago. `measured`: from 300 s ago to an hour ahead (beyond was not measured). */
function inRange(ageSeconds: number, timestamps: 'measured' | 'documented'): boolean {
  if (timestamps === 'documented') return ageSeconds >= 0 && ageSeconds < 60
  return ageSeconds <= 300 && ageSeconds >= -3600
}

/** Keeps values by key for `keptMs`, at most `most` of them: the oldest go first. The clock is monotonic. */
export function createMemory<Value>(keptMs: number, most: number) {
  const kept = new Map<string, { readonly value: Value; readonly until: number }>()
  return {
    /** Returns undefined if there is none, or none any longer. */
    recall(key: string, nowMs: number): Value | undefined {
      for (const [oldest, { until }] of kept) {
        if (until > nowMs && kept.size <= most) break
        kept.delete(oldest)
      }
      return kept.get(key)?.value
    },
    remember(key: string, value: Value, nowMs: number): void {
      kept.set(key, { value, until: nowMs + keptMs })
    },
  }
}
