/**
 * The meaning of an answer of the API. Codes and statuses decide. Message texts are used only for the four meanings of
 * `UNAUTHENTICATED_API_CALL`, which have no codes of their own.
 */
import type { ErrorCode } from '../model/errors.ts'
import { hasFewLevels, isJsonObject, isList, parseJson, type JsonObject } from '../model/json.ts'
import type { ApiResponse } from '../model/ports.ts'
import { fieldOf } from '../model/row.ts'
import { printable } from '../model/text.ts'
import { findAddressField, isCustomerField } from './customer-fields.ts'
import fieldPatterns from './field-patterns.json' with { type: 'json' }

/** The part of an answer that has its meaning. */
type Answered = Pick<ApiResponse, 'status' | 'body'>

/** Rapyd's answer envelope: `{status: {error_code, status, message, response_code, operation_id}, data}`. */
type Envelope = NonNullable<ReturnType<typeof parseEnvelope>>

/** Rapyd takes no deeper values, and a deeper one would end what compares or writes it. */
const mostLevels = 64

/** The last answer, parsed: several parts read the same one. */
let last: { readonly body: string; readonly envelope: Envelope | undefined } | undefined

/** Returns undefined if the body is not an envelope: HTML, a bare string, nothing, cut JSON, too many levels. */
export function readEnvelope(body: string): Envelope | undefined {
  if (last?.body !== body) last = { body, envelope: parseEnvelope(body) }
  return last.envelope
}

function parseEnvelope(body: string) {
  const answer = parseJson(body)
  if (!isJsonObject(answer) || !isJsonObject(answer['status']) || !hasFewLevels(answer, mostLevels))
    return undefined
  const status = answer['status']
  if (status['status'] !== 'SUCCESS' && status['status'] !== 'ERROR') return undefined
  const { data } = answer
  const error = readCode(textOf(status['error_code']))
  const response = readCode(textOf(status['response_code']))
  const message = textOf(status['message'])
  const operationId = textOf(status['operation_id'])
  return {
    success: status['status'] === 'SUCCESS',
    /** Without the names of fields; empty on success. */
    errorCode: error.code || response.code,
    /** From `CODE - [FIELD, FIELD]`, in lower case and joined with `;`; empty if there is none. */
    field: error.field || response.field,
    /** Only to distinguish answers with the same code: texts change, and may repeat a value. */
    message,
    /** What the code holds in addition to code and fields, then the message. On one line, and shortened. */
    words: shorten([error.rest || response.rest, message].filter((text) => text !== '').join(': ')),
    operationId: isOperationId(operationId) ? operationId : '',
    hasUnfitText:
      texts.some((name) => !isText(status[name])) ||
      (operationId !== '' && !isOperationId(operationId)) ||
      error.rest !== '' ||
      response.rest !== '' ||
      message.length > longestText ||
      printable(message.trim()) !== message.trim(),
    data: isJsonObject(data) ? data : undefined,
    /** The items of a list. */
    items: isList(data) ? data.filter(isJsonObject) : undefined,
  }
}

const texts = ['error_code', 'response_code', 'message', 'operation_id']

/**
 * `ERROR_CUSTOMER_DATA_MISSING - [EMAIL, PHONE_NUMBER]` names fields after the code. Codes and fields go into reports, so other
 * texts around them are kept apart.
 */
function readCode(text: string) {
  const fields: string[] = []
  const bare = text
    .slice(0, longestText)
    .replaceAll(/[\s-]*\[([^\]]*)\]?/g, (whole, names: string) => {
      const found = names.split(',').map((name) => name.trim())
      if (!found.every(isFieldName)) return whole
      fields.push(...found)
      return ' '
    })
    .trim()
  const [named = ''] = isCode(bare)
    ? [bare]
    : (/(?<=^|\s)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=[\s:]|$)/.exec(bare) ?? [])
  const code = isCode(named) ? named : ''
  return {
    code,
    field: fields.join(';').toLowerCase(),
    /** What is neither. */
    rest: bare.replace(code, '').replaceAll(/^[\s:-]+|[\s:-]+$/g, ''),
  }
}

// What others could fill with megabytes, escapes, names or numbers of cards does not get into results, the store or memory.

function isCode(text: string): boolean {
  return /^(?!.*\d{5})[A-Z][A-Z0-9_.-]{0,79}$/.test(text)
}

/** A field of Update Customer, a path in one, or a number. */
function isFieldName(text: string): boolean {
  const top = fieldOf(text.toLowerCase())
  const isKnown = isCustomerField(top) || findAddressField(top) !== undefined
  return /^\d{1,4}$/.test(text) || (isKnown && /^(?!.*\d{5})[\w.[\]-]{1,80}$/.test(text))
}

function isOperationId(text: string): boolean {
  return /^(?!.*\d{13})[A-Za-z0-9_.,-]{1,80}$/.test(text)
}

const longestWords = 300
/** Characters of a code or a message that are read. */
const longestText = 1_000

function shorten(text: string): string {
  const shown = Array.from(printable(text.trim().slice(0, longestText)))
  return shown.length > longestWords ? `${shown.slice(0, longestWords - 1).join('')}…` : shown.join('')
}

function isText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** `updated` is proof, `rejected` is final, all others leave the row open. */
export type Verdict =
  /** `customer`: as the answer shows it, if the call answers with one. */
  | { readonly kind: 'updated'; readonly operationId: string; readonly customer?: JsonObject }
  | {
      readonly kind: 'rejected'
      readonly code: ErrorCode
      readonly apiCode: string
      readonly field: string
      readonly operationId: string
    }
  /** May have been applied: send it again with the same key, or read the customer back. */
  | {
      readonly kind: 'ambiguous'
      readonly code: ErrorCode
      readonly reason: string
      readonly operationId: string
    }
  /** Not applied: 429, or the page of a firewall with 403. */
  | { readonly kind: 'throttled' }
  /** Not applied: Rapyd refused the timestamp, salt or signature, which each attempt makes anew. */
  | { readonly kind: 'resign'; readonly why: 'clock' | 'salt' | 'signature' }
  /** Nothing more may be sent before a person has checked. */
  | {
      readonly kind: 'stop'
      readonly code: 'E_AUTH' | 'E_REDIRECT' | 'E_PROXY_AUTH' | 'E_WRONG_CUSTOMER'
      readonly operationId: string
    }

/** The verdict on the answer to an update, or a read, of `customerId`. */
export function classify(response: Answered, customerId: string): Verdict {
  return classifyAnswer(response, (envelope) => {
    const { data, operationId } = envelope
    const id = data?.['id']
    if (data !== undefined && id === customerId) return { kind: 'updated', operationId, customer: data }
    return typeof id === 'string' && id !== ''
      ? stop('E_WRONG_CUSTOMER', envelope)
      : ambiguous('E_BAD_RESPONSE', 'bad_response', envelope)
  })
}

/** The verdict on the answer to Delete Discount, which is `{id, deleted}`. No discount is what was asked for. */
export function classifyRemoval(response: Answered, customerId: string): Verdict {
  const { success, errorCode, operationId = '' } = readEnvelope(response.body) ?? {}
  if (success === false && errorCode === 'ERROR_DELETE_CUSTOMER_DISCOUNT' && response.status < 500)
    return { kind: 'updated', operationId }
  return classifyAnswer(response, (envelope) => {
    const { id, deleted } = envelope.data ?? {}
    if (typeof id === 'string' && id.startsWith('cus_') && id !== customerId)
      return stop('E_WRONG_CUSTOMER', envelope)
    return deleted === true
      ? { kind: 'updated', operationId: envelope.operationId }
      : ambiguous('E_BAD_RESPONSE', 'bad_response', envelope)
  })
}

function classifyAnswer(response: Answered, ofSuccess: (envelope: Envelope) => Verdict): Verdict {
  const { status, body } = response
  const envelope = readEnvelope(body)
  if (status >= 200 && status < 300) return classifySuccess(status, body, envelope, ofSuccess)
  if (status >= 300 && status < 400) return stop('E_REDIRECT')
  if (status === 407) return stop('E_PROXY_AUTH')
  if (status === 401) return classifyUnauthenticated(envelope)
  // A page with 503 may also come from a gateway that has passed the request on.
  if (isThrottled(response) && status !== 503) return { kind: 'throttled' }
  if (isUnclear(status)) return ambiguous('E_SERVER', `http_${status}`, envelope)
  return classifyRefusal(status, envelope)
}

/** True if everybody has to pause. Docs, "Request Rate Limits": a firewall enforces them, and answers 429 "may". */
export function isThrottled(answer: Answered): boolean {
  return answer.status === 429 || isFirewallPage(answer)
}

export function isFirewallPage({ status, body }: Answered): boolean {
  return (status === 403 || status === 503) && isPage(body)
}

/** True if a server or a gateway may have applied the request. 501, 505 and 511 refuse it before. */
function isUnclear(status: number): boolean {
  if (status < 500) return status === 408 || status === 409 || status === 425
  return status !== 501 && status !== 505 && status !== 511
}

function classifySuccess(
  status: number,
  body: string,
  envelope: Envelope | undefined,
  ofSuccess: (envelope: Envelope) => Verdict,
): Verdict {
  if (envelope === undefined) {
    return isPage(body) && body.trimStart().startsWith('<')
      ? ambiguous('E_NOT_API', 'not_api', undefined)
      : ambiguous('E_BAD_RESPONSE', 'bad_response', undefined)
  }
  // Rapyd also answers 200 with an error inside, which means the same as with 400.
  return envelope.success ? ofSuccess(envelope) : classifyRefusal(status, envelope)
}

function classifyUnauthenticated(envelope: Envelope | undefined): Verdict {
  if (envelope?.errorCode === 'UNAUTHORIZED_API_CALL') return rejected('E_CUSTOMER_NOT_HERE', envelope)
  const message = envelope?.message.toLowerCase() ?? ''
  if (message.includes('timestamp')) return { kind: 'resign', why: 'clock' }
  if (message.includes('salt header')) return { kind: 'resign', why: 'salt' }
  if (message.includes('access_key') || message.includes('account')) return stop('E_AUTH', envelope)
  if (message.includes('signature')) return { kind: 'resign', why: 'signature' }
  return stop('E_AUTH', envelope)
}

function classifyRefusal(status: number, envelope: Envelope | undefined): Verdict {
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

/** True for a body that is not JSON: a page of a firewall or proxy. */
function isPage(body: string): boolean {
  return body.trim() !== '' && parseJson(body) === undefined
}

function rejected(code: ErrorCode, envelope: Envelope | undefined): Verdict {
  return {
    kind: 'rejected',
    code,
    apiCode: envelope?.errorCode ?? '',
    field: envelope === undefined ? '' : envelope.field || fieldByCode(envelope.errorCode),
    operationId: envelope?.operationId ?? '',
  }
}

function ambiguous(code: ErrorCode, reason: string, envelope: Envelope | undefined): Verdict {
  return { kind: 'ambiguous', code, reason, operationId: envelope?.operationId ?? '' }
}

function stop(code: Extract<Verdict, { kind: 'stop' }>['code'], envelope?: Envelope): Verdict {
  return { kind: 'stop', code, operationId: envelope?.operationId ?? '' }
}

/** Most documented codes name their field; `ERROR_CREATE_CUSTOMER` is a wallet that another customer has. */
function fieldByCode(apiCode: string): string {
  return fieldPatterns.find(({ pattern }) => new RegExp(pattern).test(apiCode))?.field ?? ''
}
