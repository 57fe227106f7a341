/** Signed requests to a simulator that runs as a command, as a client of the user's own would make them. */
import { createHmac, randomBytes } from 'node:crypto'

export interface Served {
  readonly url: string
  readonly accessKey: string
  readonly secretKey: string
}

export interface Sent {
  /** What is signed, if it is not the body. */
  readonly signed?: string
  /** How old the timestamp is, in seconds. */
  readonly age?: number
}

export interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Rejects if no whole answer comes. A `patch` is sent as `JSON.stringify` writes it, a text as it is. */
export async function call(
  { url, accessKey, secretKey }: Served,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  patch: object | string = '',
  { signed, age = 0 }: Sent = {},
): Promise<Reply> {
  const body = typeof patch === 'string' ? patch : JSON.stringify(patch)
  const salt = randomBytes(8).toString('hex')
  const timestamp = String(Math.floor(Date.now() / 1000) - age)
  const text = `${method.toLowerCase()}${path}${salt}${timestamp}${accessKey}${secretKey}${signed ?? body}`
  const signature = Buffer.from(createHmac('sha256', secretKey).update(text).digest('hex')).toString('base64')
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { access_key: accessKey, salt, timestamp, signature, connection: 'close' },
    ...(body === '' ? {} : { body }),
  })
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, body: await response.text() }
}

/** The customer in an answer. */
export function customerOf(reply: Reply): Readonly<Record<string, unknown>> {
  return JSON.parse(reply.body).data
}

/** Status and code: `400 INVALID_CUSTOMER_ID`. */
export function verdict({ status, body }: Reply): string {
  return `${status} ${JSON.parse(body).status.response_code}`.trim()
}
