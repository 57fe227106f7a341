/**
 * What the simulator answers with: Rapyd's envelope, pages as a firewall or gateway writes them, and bodies that are
 * neither. Texts are the simulator's own where the documentation gives none: clients should match codes.
 */
import { randomUUID } from 'node:crypto'
import type { JsonValue } from '../model/json.ts'

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** For the call log; empty where the body carries none. */
  readonly errorCode: string
  /** Besides Date, Content-Type and Content-Length. */
  readonly headers?: Readonly<Record<string, string>>
}

const json = 'application/json; charset=utf-8'
const html = 'text/html; charset=utf-8'

/** 200 with the envelope of a success. */
export function success(data: JsonValue): Answer {
  const status = {
    error_code: '',
    status: 'SUCCESS',
    message: '',
    response_code: '',
    operation_id: randomUUID(),
  }
  return { status: 200, contentType: json, body: JSON.stringify({ status, data }), errorCode: '' }
}

/** The envelope of an error. A `field` is named behind the response code only: `INVALID_FIELDS - [NAME]`. */
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

/** An HTML page, as firewalls, gateways and portals answer. */
export function page(status: number, title: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`
  return { status, contentType: html, body, errorCode: '', headers }
}

/** Any text under a JSON content type: a bare string, nothing at all, an object that is no envelope. */
export function plainJson(status: number, body: string): Answer {
  return { status, contentType: json, body, errorCode: '' }
}

/** 429. Rapyd documents the status alone; the body, the code in it and `Retry-After` (seconds) are unknown. */
export function tooManyRequests(form: 'html' | 'json', retryAfterMs?: number): Answer {
  const headers: Readonly<Record<string, string>> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(0, Math.ceil(retryAfterMs / 1000))) }
  if (form === 'html') return page(429, 'Too Many Requests', headers)
  return { ...refusal(429, 'TOO_MANY_REQUESTS', 'Too many requests.'), headers }
}
