/** One signed read before the first call: it proves the keys, the clock and the environment, and costs one request. */
import type { Clock } from '../pipeline/ports.ts'
import { readEnvelope } from '../rapyd/envelope.ts'
import { backoffMs, mostAttempts } from './backoff.ts'
import type { Calls } from './call.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'
import { TransportError } from './transport-error.ts'

export interface PreflightParts {
  readonly calls: Calls
  readonly signer: Signer
  readonly clock: Clock
  readonly random: () => number
  /** How long to wait for a server that cannot be reached. Default as long as six attempts take. */
  readonly patienceMs?: number
}

/** Resolves when Rapyd takes a signed request from us. Throws AUTH or REMOTE errors otherwise. */
export async function preflight(parts: PreflightParts, signal: AbortSignal): Promise<void> {
  let why = ''
  let isCorrected = false
  const begun = parts.clock.now()
  const isPatient = (): boolean => parts.clock.now() - begun < (parts.patienceMs ?? 0)
  for (let failed = 1; failed <= mostAttempts || isPatient(); failed++) {
    try {
      const response = await parts.calls.list(signal)
      const envelope = readEnvelope(response.body)
      if (response.status === 401 || response.status === 400) {
        if (envelope?.errorCode === 'UNAUTHORIZED_API_CALL') return
        const clock = envelope?.message.toLowerCase().includes('timestamp') === true
        const offset = parts.signer.correctClock(response)
        if (!clock) throw stopError('E_AUTH', envelope?.errorCode ?? `HTTP ${response.status}`)
        if (isCorrected || Math.abs(offset ?? Number.POSITIVE_INFINITY) > 300_000)
          throw stopError('E_CLOCK', String(offset ?? ''))
        isCorrected = true
        continue
      }
      if (response.status >= 300 && response.status < 400) throw stopError('E_REDIRECT', '')
      if (response.status < 500 && response.status !== 429 && envelope !== undefined) return
      if (response.status < 300) throw stopError('E_NOT_API', '')
      why = `HTTP ${response.status}`
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      if (error.phase === 'tls') throw stopError('E_TLS', error.reason)
      why = error.reason
    }
    if (failed < mostAttempts || isPatient())
      await parts.clock.sleep(backoffMs(failed, parts.random()), signal)
    signal.throwIfAborted()
  }
  throw stopError('E_REMOTE_DOWN', why)
}
