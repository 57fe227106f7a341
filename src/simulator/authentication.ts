/**
 * Checks the signature of a request. It shares no code with the client that it checks. The order is as measured: headers, access
 * key, signature, timestamp, salt.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { refusal } from './answers.ts'
import type { Answer } from './answers.ts'
import type { SimulatorOptions } from './options.ts'
import type { SimulatedRequest } from './routes.ts'

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
  if (body === '') return ''
  let text = body
  try {
    text = JSON.stringify(JSON.parse(body))
  } catch {
    return body
  }
  return text === '{}' ? '' : text
}

/**
 * Returns the refusal of a request that is not well signed, or undefined and uses its salt. `wallMs` is the server's clock,
 * which a fault may change. `nowMs` is monotonic and measures how long salts are stored.
 */
export type Authenticate = (
  request: Pick<SimulatedRequest, 'method' | 'path' | 'headers' | 'body' | 'text'>,
  wallMs: number,
  nowMs: number,
) => Answer | undefined

const unauthenticated = 'UNAUTHENTICATED_API_CALL'

export const authenticationRefusals = {
  headers: () => refusal(400, 'MISSING_AUTHENTICATION_HEADERS', 'Authentication headers are missing.'),
  accessKey: () => refusal(401, unauthenticated, 'access_key header is not valid'),
  signature: () =>
    refusal(
      401,
      unauthenticated,
      'The signature did not match. Check the body for whitespace and for numbers with trailing zeros.',
    ),
  timestamp: () => refusal(401, unauthenticated, 'timestamp header is out of allowed range'),
  salt: () => refusal(401, unauthenticated, 'salt header value is not valid, same value used not long ago'),
} as const

type AuthenticationOptions = Pick<
  Required<SimulatorOptions>,
  'accessKey' | 'secretKey' | 'signature' | 'timestamps'
>

export function createAuthentication(options: AuthenticationOptions): Authenticate {
  const salts = createSaltMemory()
  return ({ method, path, headers, body, text }, wallMs, nowMs) => {
    const [salt, timestamp, accessKey, signature] = ['salt', 'timestamp', 'access_key', 'signature'].map(
      (name) => String(headers[name] ?? ''),
    )
    if (!salt || !timestamp || !accessKey || !signature || !/^\d{1,15}$/.test(timestamp))
      return authenticationRefusals.headers()
    if (accessKey !== options.accessKey) return authenticationRefusals.accessKey()
    const { secretKey } = options
    const isSigned = (signed: string | Uint8Array) =>
      sameText(
        signature,
        expectedSignature({ method, path, salt, timestamp, accessKey, secretKey, body: signed }),
      )
    const isRawSigned = options.signature !== 'reserialised' && isSigned(body)
    if (!isRawSigned && (options.signature === 'raw' || !isSigned(reserialised(text))))
      return authenticationRefusals.signature()
    if (!inRange(Math.floor(wallMs / 1000) - Number(timestamp), options.timestamps))
      return authenticationRefusals.timestamp()
    return salts.use(salt, nowMs) ? undefined : authenticationRefusals.salt()
  }
}

/** `documented`: now, or less than 60 s ago. `measured`: from 300 s ago to an hour ahead (beyond was not measured). */
function inRange(ageSeconds: number, timestamps: 'measured' | 'documented'): boolean {
  if (timestamps === 'documented') return ageSeconds >= 0 && ageSeconds < 60
  return ageSeconds <= 300 && ageSeconds >= -3600
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const saltMemoryMs = 300_000
const saltsPerGeneration = 500_000

/**
 * Stores used salts for 300 to 600 s in two generations; how long Rapyd stores them is unknown. Above 500,000 salts in 300 s it
 * drops them sooner, to bound its memory.
 */
function createSaltMemory() {
  let former = new Set<string>()
  let current = new Set<string>()
  let since = -Infinity
  return {
    /** Returns false if the salt was used before. */
    use(salt: string, nowMs: number): boolean {
      if (nowMs - since >= saltMemoryMs || current.size >= saltsPerGeneration) {
        former = current
        current = new Set()
        since = nowMs
      }
      if (current.has(salt) || former.has(salt)) return false
      current.add(salt)
      return true
    },
  }
}
