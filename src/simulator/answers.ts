/**
 * What the simulator answers with: Rapyd's envelope, HTML pages of a firewall or gateway, and other bodies. If the documentation
 * gives no text, the text is the simulator's own: clients should match codes.
 */
import { randomUUID } from 'node:crypto'
import type { JsonValue } from '../model/json.ts'
import cannedAnswers from './canned-answers.json' with { type: 'json' }

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** For the call log; empty if the body has none. */
  readonly errorCode: string
  /** Besides Date, Content-Type and Content-Length. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a call has changed: the content of its webhook. */
export interface ChangeEvent {
  readonly type: 'CUSTOMER_UPDATED' | 'CUSTOMER_DISCOUNT_DELETED'
  readonly data: JsonValue
  readonly operationId: string
}

export const noAnswer: Answer = { status: 0, contentType: '', body: '', errorCode: '' }

const json = 'application/json; charset=utf-8'
const html = 'text/html; charset=utf-8'

export function success(data: JsonValue, operationId: string = randomUUID()): Answer {
  const status = {
    error_code: '',
    status: 'SUCCESS',
    message: '',
    response_code: '',
    operation_id: operationId,
  }
  return { status: 200, contentType: json, body: JSON.stringify({ status, data }), errorCode: '' }
}

/** The envelope of an error. A `field` is named only after the response code: `INVALID_FIELDS - [NAME]`. */
export function refusal(status: number, errorCode: string, message = '', field = ''): Answer {
  const envelope = {
    error_code: errorCode,
    status: 'ERROR',
    message,
    response_code: field === '' ? errorCode : `${errorCode} - [${field.toUpperCase()}]`,
    operation_id: randomUUID(),
  }
  return { status, contentType: json, body: JSON.stringify({ status: envelope }), errorCode }
}

/** Such as `dis_` and 32 hex digits. */
export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`
}

function page(status: number, title: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`
  return { status, contentType: html, body, errorCode: '', headers }
}

/** Any text with a JSON content type: a bare string, nothing, or an object that is no envelope. */
function plainJson(status: number, body: string): Answer {
  return { status, contentType: json, body, errorCode: '' }
}

/** 429. Rapyd documents the status alone; the body, the code in it and `Retry-After` (seconds) are unknown. */
export function tooManyRequests(form: 'html' | 'json', retryAfterMs?: number): Answer {
  const headers: Readonly<Record<string, string>> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(0, Math.ceil(retryAfterMs / 1000))) }
  if (form === 'html') return page(429, 'Too Many Requests', headers)
  return { ...refusal(429, 'TOO_MANY_REQUESTS', 'Too many requests.'), headers }
}

/** Answers that are always the same, by name; a fault that has one of its name gives it. */
interface CannedAnswer {
  readonly status: number
  /** An error of the API. */
  readonly code?: string
  readonly message?: string
  /** An HTML page. */
  readonly title?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Any other body. */
  readonly body?: string
}

/** A copy, so that our declarations hold its type and not the JSON file. */
const cannedByName = { ...cannedAnswers }

type CannedName = keyof typeof cannedByName

export function isCanned(name: string): name is CannedName {
  return Object.hasOwn(cannedByName, name)
}

export function canned(name: CannedName): Answer {
  const { status, code, message, title, headers, body = '' }: CannedAnswer = cannedByName[name]
  if (code !== undefined) return refusal(status, code, message)
  return title === undefined ? plainJson(status, body) : page(status, title, headers)
}
