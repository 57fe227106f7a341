/**
 * What the simulator answers with: Rapyd's envelope, HTML pages of a firewall or gateway, and other bodies; and how it goes out:
 * whole, or damaged by a fault. If the documentation gives no text, the text is the simulator's own: clients should match codes.
 */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { JsonValue } from '../model/json.ts'
import type { Fault, FaultName } from './faults.ts'
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

interface Delivery {
  readonly response: ServerResponse
  readonly answer: Answer
  /** The `Date` header, in ms since 1970. */
  readonly dateMs: number
  readonly fault: Fault | undefined
}

export function deliver(delivery: Delivery): void {
  const { fault, response } = delivery
  const damage = fault && damages[fault.name]
  if (damage === undefined) return sendWhole(delivery)
  const { socket } = response
  if (socket !== null && !socket.destroyed) damage(socket, delivery)
}

type Damage = (socket: Socket, delivery: Delivery) => void

const reset: Damage = (socket) => void socket.resetAndDestroy()
const silence: Damage = () => {}

/** By fault. Damaged answers are written to the socket, past node:http. */
export const damages: Readonly<Partial<Record<FaultName, Damage>>> = {
  refuse: (socket) => void socket.destroy(),
  'reset-before': reset,
  'reset-after': reset,
  hang: silence,
  'hang-after': silence,
  garbage: (socket) => void socket.end('\u0000\u0001 this is not HTTP\r\n\r\n'),
  drip: (socket, delivery) => drip(socket, `${head(delivery, true)}${delivery.answer.body}`, delivery),
  'cut-json': (socket, delivery) => void socket.end(`${head(delivery, false)}${half(delivery.answer.body)}`),
  truncated: (socket, delivery) => void socket.end(`${head(delivery, true)}${half(delivery.answer.body)}`),
  'reset-body': (socket, delivery) =>
    void socket.write(`${head(delivery, true)}${half(delivery.answer.body)}`, () => socket.resetAndDestroy()),
}

function sendWhole({ response, answer, dateMs }: Delivery): void {
  if (response.destroyed) return
  response.sendDate = false
  response.writeHead(answer.status, {
    date: new Date(dateMs).toUTCString(),
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  })
  response.end(answer.body)
}

function head({ answer, dateMs }: Delivery, withLength: boolean): string {
  const lines = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    `Date: ${new Date(dateMs).toUTCString()}`,
    `Content-Type: ${answer.contentType}`,
    withLength ? `Content-Length: ${Buffer.byteLength(answer.body)}` : 'Connection: close',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function half(body: string): string {
  return body.slice(0, Math.floor(body.length / 2))
}

function drip(socket: Socket, text: string, { fault }: Delivery): void {
  const bytes = Buffer.from(text)
  let at = 0
  function next(): void {
    if (socket.destroyed) return
    if (at === bytes.length) {
      socket.end()
      return
    }
    socket.write(bytes.subarray(at, at + 1))
    at += 1
    setTimeout(next, fault?.argumentMs).unref()
  }
  next()
}
