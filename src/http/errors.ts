/** Errors of exchanges with Rapyd: what stops the whole run, and why a request has no whole answer. */
import { BulkUpdateError } from '../model/errors.ts'
import stops from './stop-errors.json' with { type: 'json' }

/** A copy, so that our declarations hold its type and not the JSON file. */
const stopMessages = { ...stops }

export type StopCode = keyof typeof stopMessages

/** Stops a run; no row is at fault. `detail` is a code, an offset or an operation id, never a text of Rapyd's. */
export function stopError(code: StopCode, detail: string): BulkUpdateError {
  const stop = stopMessages[code]
  const message = stop.message + (detail === '' ? '' : stop.detail.replace('{}', () => detail))
  return new BulkUpdateError(code, message, stop.tip)
}

/**
 * Why an exchange has no whole answer. `not_sent`: no byte of the request can have arrived. `ambiguous`: it may have been
 * applied. `tls`: not sent, because the certificate cannot be trusted. `proxy_auth`: not sent, because the proxy wants a password.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly phase: 'not_sent' | 'ambiguous' | 'tls' | 'proxy_auth'
  /** A short word for reports: `ECONNRESET`, `timeout`, `too_large`. */
  readonly reason: string

  constructor(phase: TransportError['phase'], reason: string) {
    super(`${phase}: ${reason}`)
    this.phase = phase
    this.reason = reason
  }
}
