/** Why an exchange has no whole answer, and what that proves about the request. */
import { systemCode } from '../model/errors.ts'
import { stopError } from './stop-error.ts'

/** `not_sent`: no byte of the request can have arrived. `ambiguous`: it may have been applied. `tls`: not sent, and a human is needed. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly phase: 'not_sent' | 'ambiguous' | 'tls'
  /** A short word for reports: `ECONNRESET`, `timeout`, `too_large`. */
  readonly reason: string

  constructor(phase: TransportError['phase'], reason: string) {
    super(`${phase}: ${reason}`)
    this.phase = phase
    this.reason = reason
  }
}

const notSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

const timeouts: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** `isStarted`: the request was being sent. `isLate`: the time of the whole attempt was over. */
export function describe(error: unknown, isStarted: boolean, isLate: boolean): TransportError {
  const code = systemCode(error)
  if (/^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/.test(code))
    return new TransportError('tls', code)
  if (notSent.has(code) || !isStarted) return new TransportError('not_sent', code || 'not_connected')
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new TransportError('ambiguous', 'too_large')
  if (isLate || timeouts.has(code)) return new TransportError('ambiguous', 'timeout')
  return new TransportError('ambiguous', code || 'broken')
}

/** The error of a request that may be made again. Throws what ends the run: any other error, and a certificate that cannot be trusted. */
export function lostRequest(error: unknown): TransportError {
  if (!(error instanceof TransportError)) throw error
  if (error.phase === 'tls') throw stopError('E_TLS', error.reason)
  return error
}
