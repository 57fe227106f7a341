/** Puts an answer on the wire, whole or damaged. Damaged answers are written to the socket past node:http. */
import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './answers.ts'
import type { Wire } from './fault-effects.ts'

/** Runs something later, unless the simulator is closed by then. */
export type Later = (milliseconds: number, task: () => void) => void

export interface Delivery {
  readonly response: ServerResponse
  readonly answer: Answer
  /** The `Date` header, in ms since 1970. */
  readonly dateMs: number
  readonly wire: Wire
  /** Between two bytes of a `drip`. */
  readonly dripMs: number
  readonly later: Later
}

export function deliver(delivery: Delivery): void {
  const { wire, response } = delivery
  if (wire === 'whole') return sendWhole(delivery)
  const { socket } = response
  if (socket !== null && !socket.destroyed) damaged[wire](socket, delivery)
}

const damaged: Readonly<Record<Exclude<Wire, 'whole'>, (socket: Socket, delivery: Delivery) => void>> = {
  silence: () => {},
  close: (socket) => void socket.destroy(),
  reset: (socket) => void socket.resetAndDestroy(),
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

function drip(socket: Socket, text: string, { dripMs, later }: Delivery): void {
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
    later(dripMs, next)
  }
  next()
}
