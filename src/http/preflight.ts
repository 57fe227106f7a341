/** One signed read before the first call: it proves the keys, the clock and the environment, and costs one request. */
import type { ApiResponse } from '../model/ports.ts'
import { readEnvelope } from '../rapyd/response.ts'
import type { Calls } from './call.ts'
import { retry, TryAgain } from './retry.ts'
import type { RetryParts } from './retry.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'
import { lostRequest } from './transport-error.ts'

export interface PreflightParts extends RetryParts {
  readonly calls: Calls
  readonly signer: Signer
  /** How long to wait for a server that cannot be reached. Default as long as six attempts take. */
  readonly patienceMs?: number
}

/** Resolves when Rapyd takes a signed request from us. Throws AUTH or REMOTE errors otherwise. */
export async function preflight(parts: PreflightParts, signal: AbortSignal): Promise<void> {
  const { calls, signer, patienceMs = 0 } = parts
  let isCorrected = false

  function correctClock(response: ApiResponse): TryAgain {
    const offset = signer.correctClock(response)
    if (isCorrected || Math.abs(offset ?? Number.POSITIVE_INFINITY) > 300_000)
      throw stopError('E_CLOCK', String(offset ?? ''))
    isCorrected = true
    return new TryAgain('clock', { isFree: true })
  }

  async function ask(): Promise<TryAgain | undefined> {
    signal.throwIfAborted()
    let response: ApiResponse
    try {
      response = await calls.list(signal)
    } catch (error) {
      return new TryAgain(lostRequest(error).reason)
    }
    const { status, body } = response
    const envelope = readEnvelope(body)
    if (status === 401 || status === 400) {
      if (envelope?.errorCode === 'UNAUTHORIZED_API_CALL') return undefined
      if (envelope?.message.toLowerCase().includes('timestamp') === true) return correctClock(response)
      throw stopError('E_AUTH', envelope?.errorCode ?? `HTTP ${status}`)
    }
    if (status >= 300 && status < 400) throw stopError('E_REDIRECT', '')
    if (status < 500 && status !== 429 && envelope !== undefined) return undefined
    if (status < 300) throw stopError('E_NOT_API', '')
    return new TryAgain(`HTTP ${status}`)
  }

  const last = await retry(ask, parts, signal, { patienceMs })
  if (last !== undefined) throw stopError('E_REMOTE_DOWN', last.message)
}
