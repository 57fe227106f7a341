/** Signed requests for the simulator's tests, with node:http only: neither the client's code nor its HTTP library. */
import { randomBytes } from 'node:crypto'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { onTestFinished } from 'vitest'
import { expectedSignature } from '../../../src/simulator/authentication.ts'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../../src/simulator/server.ts'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Signing {
  readonly salt?: string
  /** Seconds, as text. */
  readonly timestamp?: string
  readonly accessKey?: string
  readonly secretKey?: string
  readonly idempotency?: string
  /** What is signed, if it is not what is sent. */
  readonly signedBody?: string
  /** Headers to leave out. */
  readonly without?: readonly string[]
}

/** A simulator that ends with the test. No rate limit unless the test asks for one. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await createSimulator({ windows: [], ...options })
  onTestFinished(() => simulator.close())
  return simulator
}

const agent = new Agent({ keepAlive: true, maxSockets: 50 })

export function signedHeaders(
  simulator: Simulator,
  method: string,
  path: string,
  body: string,
  signing: Signing = {},
): Record<string, string> {
  const { salt = randomBytes(6).toString('hex'), timestamp = String(Math.floor(Date.now() / 1000)) } = signing
  const { accessKey = simulator.accessKey, secretKey = simulator.secretKey, signedBody = body } = signing
  const parts = { method, path, salt, timestamp, accessKey, secretKey, body: signedBody }
  const signature = expectedSignature(parts)
  const headers: Record<string, string> = { access_key: accessKey, salt, timestamp, signature }
  if (signing.idempotency !== undefined) headers['idempotency'] = signing.idempotency
  for (const name of signing.without ?? []) delete headers[name]
  return headers
}

/** Rejects with the socket's error if no whole answer comes. */
export function send(
  simulator: Simulator,
  method: string,
  path: string,
  body = '',
  signing: Signing = {},
): Promise<Reply> {
  const headers = signedHeaders(simulator, method, path, body, signing)
  return new Promise((resolve, reject) => {
    const sent = request(`${simulator.url}${path}`, { method, headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

export function update(simulator: Simulator, id: string, patch: object, signing?: Signing): Promise<Reply> {
  return send(simulator, 'POST', `/v1/customers/${id}`, JSON.stringify(patch), signing)
}

export function retrieve(simulator: Simulator, id: string): Promise<Reply> {
  return send(simulator, 'GET', `/v1/customers/${id}`)
}

interface Envelope {
  readonly status: {
    readonly error_code: string
    readonly response_code: string
    readonly message: string
    readonly status: string
    readonly operation_id: string
  }
  // Tests look into it as they please.
  readonly data: Readonly<Record<string, unknown>>
}

export function envelope(reply: Reply): Envelope {
  const parsed: Envelope = JSON.parse(reply.body)
  return parsed
}

/** Status and code in one text: `400 INVALID_CUSTOMER_ID`. */
export function verdict(reply: Reply): string {
  return `${reply.status} ${envelope(reply).status.response_code}`.trim()
}
