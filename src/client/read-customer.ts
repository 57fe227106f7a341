/** Reads one customer, for whoever needs to know what it holds: with the patience of a call, and every fate as a value. */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { JsonObject } from '../domain/json.ts'
import type { ApiResponse } from '../pipeline/ports.ts'
import { readEnvelope } from '../rapyd/envelope.ts'
import { classify } from '../rapyd/response.ts'
import { customerPath } from '../rapyd/update-customer.ts'
import { readPatiently } from './patient-read.ts'
import type { ReadParts } from './patient-read.ts'
import { TryAgain } from './retry.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'

export type Reading =
  | { readonly kind: 'found'; readonly customer: JsonObject }
  /** Rapyd does not know it, or not in this account and environment. */
  | { readonly kind: 'missing'; readonly code: ErrorCode; readonly status: number }
  /** No attempt told anything: a network, or a server, that failed on each, or a refusal. */
  | { readonly kind: 'unreadable'; readonly code: ErrorCode; readonly status: number }

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. */
export type ReadCustomer = (customerId: string, signal: AbortSignal) => Promise<Reading>

export function createReadCustomer(parts: ReadParts & { readonly signer: Signer }): ReadCustomer {
  return async (customerId, signal) => {
    let resigned = 0
    let unreadable: Reading = { kind: 'unreadable', code: 'E_NETWORK', status: 0 }

    function use(response: ApiResponse): Reading | TryAgain {
      const answer = classify(response, customerId)
      const { status } = response
      switch (answer.kind) {
        case 'updated': {
          const customer = readEnvelope(response.body)?.data
          return customer === undefined
            ? { kind: 'unreadable', code: 'E_BAD_RESPONSE', status }
            : { kind: 'found', customer }
        }
        case 'rejected':
          return {
            kind: isMissing(answer.code, status) ? 'missing' : 'unreadable',
            code: answer.code,
            status,
          }
        case 'ambiguous':
          unreadable = { kind: 'unreadable', code: answer.code, status }
          return new TryAgain(answer.reason)
        case 'throttled':
          return { kind: 'unreadable', code: 'E_BLOCKED', status }
        case 'resign':
          if (++resigned > 1) throw stopError(answer.why === 'clock' ? 'E_CLOCK' : 'E_AUTH', answer.why)
          if (answer.why !== 'salt') parts.signer.correctClock(response)
          return new TryAgain(answer.why, { isFree: true })
        case 'stop':
          throw stopError(answer.code, answer.operationId)
        default:
          return answer satisfies never
      }
    }

    const reading = await readPatiently(parts, customerPath(customerId), use, signal)
    return reading instanceof TryAgain ? unreadable : reading
  }
}

function isMissing(code: ErrorCode, status: number): boolean {
  return code === 'E_CUSTOMER_NOT_FOUND' || code === 'E_CUSTOMER_NOT_HERE' || status === 404
}
