/**
 * What an answer to Update Customer means. Codes and statuses decide; message texts only tell apart the four
 * meanings of `UNAUTHENTICATED_API_CALL`, which Rapyd gives no codes of their own.
 */
import type { ErrorCode } from '../model/errors.ts'
import { isJson, readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'

/** `updated` is proof; `rejected` is final; the others leave the row open. */
export type Answer =
  | { readonly kind: 'updated'; readonly operationId: string }
  | {
      readonly kind: 'rejected'
      readonly code: ErrorCode
      readonly apiCode: string
      readonly field: string
      readonly operationId: string
    }
  /** May have been applied: ask again with the same key, or read the customer back. */
  | {
      readonly kind: 'ambiguous'
      readonly code: ErrorCode
      readonly reason: string
      readonly operationId: string
    }
  /** Not applied, and no request may be sent for a while. */
  | { readonly kind: 'throttled' }
  /** Not applied: the request was refused for what is made anew on each attempt. */
  | { readonly kind: 'resign'; readonly why: 'clock' | 'salt' | 'signature' }
  /** Nothing more may be sent before a human has looked. */
  | {
      readonly kind: 'stop'
      readonly code: 'E_AUTH' | 'E_REDIRECT' | 'E_WRONG_CUSTOMER'
      readonly operationId: string
    }

export interface Received {
  readonly status: number
  readonly body: string
}

export function classify(answer: Received, customerId: string): Answer {
  const { status, body } = answer
  const envelope = readEnvelope(body)
  if (status >= 200 && status < 300) return classifySuccess(status, body, envelope, customerId)
  if (status >= 300 && status < 400) return stop('E_REDIRECT')
  if (status === 401) return classifyUnauthenticated(envelope)
  if (isThrottled(answer)) return { kind: 'throttled' }
  if (retriedStatuses.has(status)) return ambiguous('E_SERVER', `http_${status}`, envelope)
  return classifyRefusal(status, envelope)
}

/** 429, or the page of a firewall (docs, "Request Rate Limits": a firewall enforces them, and answers 429 "may"). */
export function isThrottled({ status, body }: Received): boolean {
  return status === 429 || ((status === 403 || status === 503) && isPage(body))
}

const retriedStatuses: ReadonlySet<number> = new Set([408, 409, 425, 500, 502, 503, 504])

function classifySuccess(
  status: number,
  body: string,
  envelope: Envelope | undefined,
  customerId: string,
): Answer {
  if (envelope === undefined) {
    return isPage(body) && body.trimStart().startsWith('<')
      ? ambiguous('E_NOT_API', 'not_api', undefined)
      : ambiguous('E_BAD_RESPONSE', 'bad_response', undefined)
  }
  // Rapyd also answers 200 with an error inside; it means what it would mean with 400.
  if (!envelope.success) return classifyRefusal(status, envelope)
  const id = envelope.data?.['id']
  if (id === customerId) return { kind: 'updated', operationId: envelope.operationId }
  return typeof id === 'string' && id !== ''
    ? stop('E_WRONG_CUSTOMER', envelope)
    : ambiguous('E_BAD_RESPONSE', 'bad_response', envelope)
}

function classifyUnauthenticated(envelope: Envelope | undefined): Answer {
  if (envelope?.errorCode === 'UNAUTHORIZED_API_CALL') return rejected('E_CUSTOMER_NOT_HERE', envelope)
  const message = envelope?.message.toLowerCase() ?? ''
  if (message.includes('timestamp')) return { kind: 'resign', why: 'clock' }
  if (message.includes('salt header')) return { kind: 'resign', why: 'salt' }
  if (message.includes('access_key') || message.includes('account')) return stop('E_AUTH', envelope)
  if (message.includes('signature')) return { kind: 'resign', why: 'signature' }
  return stop('E_AUTH', envelope)
}

function classifyRefusal(status: number, envelope: Envelope | undefined): Answer {
  const code = envelope?.errorCode ?? ''
  switch (code) {
    case 'MISSING_AUTHENTICATION_HEADERS':
    case 'UNAUTHENTICATED_API_CALL':
      return stop('E_AUTH', envelope)
    case 'UNAUTHORIZED_API_CALL':
      return rejected('E_CUSTOMER_NOT_HERE', envelope)
    case 'INVALID_CUSTOMER_ID':
    case 'ERROR_GET_CUSTOMER':
      return rejected('E_CUSTOMER_NOT_FOUND', envelope)
    default:
      if (status === 403) return rejected('E_FORBIDDEN', envelope)
      if (status === 413) return rejected('E_TOO_LARGE', envelope)
      return rejected('E_API', envelope)
  }
}

/** A body that is there and is not JSON: a firewall's or a proxy's page. */
function isPage(body: string): boolean {
  return body.trim() !== '' && !isJson(body)
}

function rejected(code: ErrorCode, envelope: Envelope | undefined): Answer {
  return {
    kind: 'rejected',
    code,
    apiCode: envelope?.errorCode ?? '',
    field: envelope === undefined ? '' : envelope.field || fieldOf(envelope.errorCode),
    operationId: envelope?.operationId ?? '',
  }
}

function ambiguous(code: ErrorCode, reason: string, envelope: Envelope | undefined): Answer {
  return { kind: 'ambiguous', code, reason, operationId: envelope?.operationId ?? '' }
}

function stop(code: 'E_AUTH' | 'E_REDIRECT' | 'E_WRONG_CUSTOMER', envelope?: Envelope): Answer {
  return { kind: 'stop', code, operationId: envelope?.operationId ?? '' }
}

const fieldsByCode: readonly (readonly [RegExp, string])[] = [
  [/ADDRESS|INVALID_CITY/, 'addresses'],
  [/EMAIL/, 'email'],
  [/PHONE_NUMBER/, 'phone_number'],
  [/CUSTOMER_NAME|LAST_NAME/, 'name'],
  [/PAYMENT_METHOD/, 'default_payment_method'],
  [/EWALLET|^ERROR_CREATE_CUSTOMER$/, 'ewallet'],
  [/COUPON|DISCOUNT/, 'coupon'],
]

/** Most documented codes name their field; `ERROR_CREATE_CUSTOMER` is a wallet that another customer has. */
function fieldOf(apiCode: string): string {
  return fieldsByCode.find(([pattern]) => pattern.test(apiCode))?.[1] ?? ''
}
