/**
 * The signature of a request: BASE64( lowercase hex( HMAC-SHA256( secret, method + path + salt + timestamp + access key + secret + body ) ) )
 * The documented formula lacks the hex step; every official sample has it. Every attempt needs a new salt and a new timestamp,
 * because Rapyd refuses salts that it has seen and timestamps that are old.
 */
import { createHmac, randomUUID } from 'node:crypto'

/** The keys of one account in one environment. */
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
  /** Exactly the text that is sent; empty if there is no body. */
  readonly body: string
}

/** Signs one attempt, or a webhook. An empty object counts as no body. */
export function sign({ accessKey, secretKey }: Credentials, parts: SignatureParts): string {
  const body = parts.body === '{}' ? '' : parts.body
  const text = parts.method + parts.path + parts.salt + parts.timestamp + accessKey + secretKey + body
  return Buffer.from(createHmac('sha256', secretKey).update(text).digest('hex')).toString('base64')
}

/** Unix seconds, rounded down because Rapyd refuses a timestamp in the future. */
export function toTimestamp(wallMs: number): string {
  return String(Math.floor(wallMs / 1000))
}

/** 16 hex digits. */
export function newSalt(): string {
  return randomUUID().replaceAll('-', '').slice(16)
}

/** Keeps the keys in private fields, which are not printed, spread or serialised: they cannot get into logs, JSON or error messages. */
export class HiddenCredentials implements Credentials {
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
}
