/** How an answer goes out: whole, or damaged by a fault. */
import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './answers.ts'
import type { Fault, FaultName } from './faults.ts'

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
