/**
 * The signature of a request, and the headers that carry it.
 *
 * BASE64( lowercase hex( HMAC-SHA256( secret, method + path + salt + timestamp + access key + secret + body ) ) )
 *
 * The hex step is missing in the documentation's formula and present in every official sample. Every attempt needs a
 * salt and a timestamp of its own: Rapyd refuses a salt that it has seen, and a timestamp that has aged.
 */
import { createHmac, randomUUID } from 'node:crypto'

/** The pair of keys of one account in one environment. Prints as `[redacted]`, whatever it is put into. */
export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

export interface SignatureParts {
  /** Empty for a webhook, which Rapyd signs without a method. */
  readonly method: 'get' | 'post' | 'delete' | ''
  /** From `/v1` on, with the query, exactly as sent. For a webhook the whole URL, as it is configured at Rapyd. */
  readonly path: string
  readonly salt: string
  /** Unix seconds. */
  readonly timestamp: string
  /** Exactly the text that is sent; empty where there is no body. */
  readonly body: string
}

/** Signs one attempt, or says how a webhook must be signed. An empty object counts as no body. */
export function sign({ accessKey, secretKey }: Credentials, parts: SignatureParts): string {
  const body = parts.body === '{}' ? '' : parts.body
  const text = parts.method + parts.path + parts.salt + parts.timestamp + accessKey + secretKey + body
  return Buffer.from(createHmac('sha256', secretKey).update(text).digest('hex')).toString('base64')
}

/** Unix seconds as Rapyd wants them: rounded down, since a timestamp in the future is refused. */
export function timestampOf(wallMs: number): string {
  return String(Math.floor(wallMs / 1000))
}

/** 16 hex digits. */
export function newSalt(): string {
  return randomUUID().replaceAll('-', '').slice(16)
}

/** Keeps the keys out of logs, JSON and error messages: only `sign` and the `access_key` header read them. */
export function redactedCredentials(accessKey: string, secretKey: string): Credentials {
  return new RedactedCredentials(accessKey, secretKey)
}

/** Holds the keys in private fields: whatever prints, spreads or serialises it sees `[redacted]` or nothing. */
class RedactedCredentials implements Credentials {
  readonly #accessKey: string
  readonly #secretKey: string

  constructor(accessKey: string, secretKey: string) {
    this.#accessKey = accessKey
    this.#secretKey = secretKey
  }

  get accessKey(): string {
    return this.#accessKey
  }

  get secretKey(): string {
    return this.#secretKey
  }

  toString(): string {
    return '[redacted]'
  }

  toJSON(): string {
    return '[redacted]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]'
  }
}
