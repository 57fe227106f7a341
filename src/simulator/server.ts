/**
 * A simulator of Rapyd's customers API on loopback, for demos, rehearsals and tests. It keeps its customers in memory, checks
 * signatures with its own code, and simulates faults. `options.ts` says which defaults are documented.
 */
import { once } from 'node:events'
import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { BulkUpdateError } from '../model/errors.ts'
import type { Answer } from './answers.ts'
import { createApi, customerIn } from './api.ts'
import type { ReceivedRequest } from './authentication.ts'
import { createCallLog, type CallCounts, type OpenCall, type SimulatedCall } from './call-log.ts'
import { createCustomers } from './customers.ts'
import { createFaultPlan, parseFaults, type Fault, type FaultName } from './faults.ts'
import { resolveSimulatorOptions, type SimulatedCustomer, type SimulatorOptions } from './options.ts'
import { createWebhooks, type WebhookCounts } from './webhooks.ts'

export type { RateWindow } from './options.ts'
export type { SimulatedCall, SimulatedCustomer, SimulatorOptions }

export interface Simulator extends CallCounts {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly accessKey: string
  readonly secretKey: string
  /** A live object: its counts continue. */
  readonly webhooks: WebhookCounts
  /** As Retrieve Customer would show it. */
  customer(id: string): SimulatedCustomer | undefined
  /** Number of updates of this customer. */
  updatesOf(id: string): number
  /** Replaces the faults and resets their counts. Throws a `BulkUpdateError` if the text cannot be read. */
  setFaults(spec: string): void
  /** Ends every connection and the server. */
  close(): Promise<void>
}

/** Faults during which the call stays in flight. */
const lasting: ReadonlySet<FaultName> = new Set<FaultName>(['hang', 'hang-after', 'drip'])

/** Starts the simulator. Throws a `BulkUpdateError` for faults that cannot be read or a port that is not free. */
export async function createSimulator(given: SimulatorOptions = {}): Promise<Simulator> {
  const options = resolveSimulatorOptions(given)
  let plan = createFaultPlan(parseFaults(options.faults), options.seed)
  const customers = createCustomers(options)
  const api = createApi(options, customers)
  const log = createCallLog(options.keepCalls)
  const webhooks = createWebhooks(options)
  const closing = new AbortController()

  function receive(message: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '', headers } = message
    const customerId = customerIn(path)
    const call = log.open({ method, path, customerId }, headers)
    let open = true
    const settle = () => {
      if (!open) return
      open = false
      log.close(call)
      options.onCall(call)
    }
    response.once('close', settle)
    const onBody = (chunks: readonly Buffer[]): void => {
      const body = Buffer.concat(chunks)
      const text = body.toString('utf8')
      call.body = text
      answer(call, { method, path, customerId, headers, body, text }, response, settle)
    }
    // Without a whole request there is no answer.
    message.toArray().then(onBody, () => {})
  }

  function answer(
    call: OpenCall,
    request: ReceivedRequest,
    response: ServerResponse,
    settle: () => void,
  ): void {
    const draw = plan(request.method, request.customerId)
    const { skewMs } = draw
    const arrival = { wallMs: Date.now() + skewMs, nowMs: performance.now() }
    const {
      answer: found,
      event,
      fault,
      replayed = false,
      overLimit = false,
    } = api(request, draw.fault, arrival)
    Object.assign(call, { fault: overLimit ? '' : draw.name, replayed, errorCode: found.errorCode })
    call.applied = event !== undefined
    log.count(call, overLimit)
    if (event !== undefined) webhooks.send(event)
    const send = () => {
      const damage = fault && damages[fault.name]
      if (damage === undefined && !response.destroyed) call.status = found.status
      // Before the bytes leave: a client that has its answer may send the next call before the response closes.
      if (fault === undefined || !lasting.has(fault.name)) settle()
      deliver({ response, answer: found, dateMs: Date.now() + skewMs, fault })
    }
    const delayMs = options.latencyMs + draw.delayMs
    if (delayMs > 0) sleep(delayMs, undefined, { signal: closing.signal }).then(send, () => {})
    else send()
  }

  // A long keep-alive: only faults end connections at an awkward moment.
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, receive)
  await listen(server, options.port)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const closed = once(server, 'close')

  // Assigned to the live counts, so that they continue.
  return Object.assign(log.counts, {
    url: `http://127.0.0.1:${port}`,
    accessKey: options.accessKey,
    secretKey: options.secretKey,
    webhooks: webhooks.counts,
    customer: (id: string) => customers.find(id),
    updatesOf: (id: string) => customers.updatesOf(id),
    setFaults(spec: string) {
      plan = createFaultPlan(parseFaults(spec), options.seed)
    },
    async close() {
      closing.abort()
      webhooks.close()
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening').catch((error: unknown) => {
    throw new BulkUpdateError(
      'E_SIMULATOR_PORT',
      `the simulator cannot listen on port ${port}`,
      'Choose another port, or leave it out for any free one.',
      { cause: error },
    )
  })
}

/** How an answer goes out: whole, or damaged by a fault. */
interface Delivery {
  readonly response: ServerResponse
  readonly answer: Answer
  /** The `Date` header, in ms since 1970. */
  readonly dateMs: number
  readonly fault: Fault | undefined
}

function deliver(delivery: Delivery): void {
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
const damages: Readonly<Partial<Record<FaultName, Damage>>> = {
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
