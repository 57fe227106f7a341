/** Reads one customer, for whoever needs to know what it holds: with the patience of a call, and every fate as a value. */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { JsonObject } from '../domain/json.ts'
import type { ApiResponse, Clock } from '../pipeline/ports.ts'
import { readEnvelope } from '../rapyd/envelope.ts'
import { classify } from '../rapyd/response.ts'
import type { Answer } from '../rapyd/response.ts'
import { backoffMs, mostAttempts } from './backoff.ts'
import type { Calls } from './call.ts'
import { createOwnBlock } from './own-block.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'
import { TransportError } from './transport-error.ts'

export type Reading =
  | { readonly kind: 'found'; readonly customer: JsonObject }
  /** Rapyd does not know it, or not in this account and environment. */
  | { readonly kind: 'missing'; readonly code: ErrorCode; readonly status: number }
  /** No attempt told anything: a network, or a server, that failed on each, or a refusal. */
  | { readonly kind: 'unreadable'; readonly code: ErrorCode; readonly status: number }

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. */
export type ReadCustomer = (customerId: string, signal: AbortSignal) => Promise<Reading>

export interface ReadCustomerParts {
  readonly calls: Calls
  readonly signer: Signer
  readonly clock: Clock
  readonly random: () => number
}

export function createReadCustomer({ calls, signer, clock, random }: ReadCustomerParts): ReadCustomer {
  /** Nothing where it is worth asking again at once. */
  function readingOf(answer: Answer, response: ApiResponse, resigned: number): Reading | undefined {
    const { status } = response
    switch (answer.kind) {
      case 'updated': {
        const customer = readEnvelope(response.body)?.data
        return customer === undefined
          ? { kind: 'unreadable', code: 'E_BAD_RESPONSE', status }
          : { kind: 'found', customer }
      }
      case 'rejected': {
        const isMissing =
          answer.code === 'E_CUSTOMER_NOT_FOUND' || answer.code === 'E_CUSTOMER_NOT_HERE' || status === 404
        return { kind: isMissing ? 'missing' : 'unreadable', code: answer.code, status }
      }
      case 'ambiguous':
        return { kind: 'unreadable', code: answer.code, status }
      case 'throttled':
        return undefined
      case 'resign':
        if (resigned > 1) throw stopError(answer.why === 'clock' ? 'E_CLOCK' : 'E_AUTH', answer.why)
        if (answer.why !== 'salt') signer.correctClock(response)
        return undefined
      case 'stop':
        throw stopError(answer.code, answer.operationId)
      default:
        return answer satisfies never
    }
  }

  return async (customerId, signal) => {
    let reading: Reading = { kind: 'unreadable', code: 'E_NETWORK', status: 0 }
    let resigned = 0
    const isOwnBlock = createOwnBlock(calls)
    for (let failed = 0; failed < mostAttempts;) {
      if (failed > 0) await clock.sleep(backoffMs(failed, random()), signal)
      signal.throwIfAborted()
      try {
        const response = await calls.retrieve(customerId, signal)
        const answer = classify(response, customerId)
        if (answer.kind === 'resign') resigned++
        if (answer.kind === 'throttled' && (await isOwnBlock(signal)))
          return { kind: 'unreadable', code: 'E_BLOCKED', status: response.status }
        const found = readingOf(answer, response, resigned)
        if (found === undefined) continue
        if (answer.kind !== 'ambiguous') return found
        reading = found
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
        if (error.phase === 'tls') throw stopError('E_TLS', error.reason)
        reading = { kind: 'unreadable', code: 'E_NETWORK', status: 0 }
      }
      failed++
    }
    return reading
  }
}
