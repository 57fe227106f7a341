/** Reads one customer: to know what it holds, or as the only proof of what became of a call that has no answer. */
import type { ErrorCode } from '../model/errors.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { ApiResponse } from '../model/ports.ts'
import { readEnvelope, classify } from '../rapyd/response.ts'
import { compareField, toSnapshot } from '../rapyd/snapshot.ts'
import { customerPath } from '../rapyd/requests.ts'
import { readPatiently } from './patient-read.ts'
import type { ReadParts } from './patient-read.ts'
import { mostAttempts, TryAgain } from './retry.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'

export type Reading =
  | { readonly kind: 'found'; readonly customer: JsonObject }
  /** Rapyd does not know it, or not in this account and environment. */
  | { readonly kind: 'missing'; readonly code: ErrorCode; readonly status: number }
  /** A refusal; or, unanswered, a network or a server that failed on each attempt, so that asking again may tell. */
  | {
      readonly kind: 'unreadable'
      readonly code: ErrorCode
      readonly status: number
      readonly isUnanswered?: true
    }

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. `attempts`: as those of a call, if not given. */
export type ReadCustomer = (customerId: string, signal: AbortSignal, attempts?: number) => Promise<Reading>

export function createReadCustomer(parts: ReadParts & { readonly signer: Signer }): ReadCustomer {
  return async (customerId, signal, attempts = mostAttempts) => {
    let resigned = 0
    let last: Reading = { kind: 'unreadable', code: 'E_NETWORK', status: 0, isUnanswered: true }

    function use(response: ApiResponse): Reading | TryAgain {
      const answer = classify(response, customerId)
      const { status } = response
      switch (answer.kind) {
        case 'updated': {
          const customer = readEnvelope(response.body)?.data
          if (customer !== undefined) return { kind: 'found', customer }
          return { kind: 'unreadable', code: 'E_BAD_RESPONSE', status }
        }
        case 'rejected': {
          const { code } = answer
          if (isMissing(code, status)) return { kind: 'missing', code, status }
          return { kind: 'unreadable', code, status }
        }
        case 'ambiguous':
          last = { kind: 'unreadable', code: answer.code, status, isUnanswered: true }
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

    const reading = await readPatiently(parts, customerPath(customerId), use, signal, { attempts })
    return reading instanceof TryAgain ? last : reading
  }
}

function isMissing(code: ErrorCode, status: number): boolean {
  return code === 'E_CUSTOMER_NOT_FOUND' || code === 'E_CUSTOMER_NOT_HERE' || status === 404
}

/** What became of a call. `unanswered`: no read got an answer, so that asking again may tell. */
export type Proven = 'applied' | 'different' | 'cannot_tell' | 'unanswered'

/** Reads the customer and says what became of the patch. Rejects as `ReadCustomer`. */
export type ReadBack = (request: UpdateRequest, signal: AbortSignal, attempts?: number) => Promise<Proven>

export function createReadBack(read: ReadCustomer): ReadBack {
  return async (request, signal, attempts = mostAttempts - 1) => {
    const reading = await read(request.customerId, signal, attempts)
    if (reading.kind === 'found') return compareWith(request, reading.customer)
    return reading.kind === 'unreadable' && reading.isUnanswered === true ? 'unanswered' : 'cannot_tell'
  }
}

/** For accounts that may not read customers: nothing can be proved. */
export const withoutReading: ReadBack = () => Promise.resolve('cannot_tell')

/**
 * Compares what a customer holds with what `request` asked for. Only the patched fields are compared, arrays and objects by
 * value; a cleared field compares as empty.
 */
export function compareWith(request: UpdateRequest, customer: JsonObject): Proven {
  const patch: unknown = JSON.parse(request.body)
  if (!isJsonObject(patch)) return 'cannot_tell'
  const image = toSnapshot(customer, Object.keys(patch))
  const found = new Set(Object.entries(patch).map(([field, wanted]) => compareField(field, wanted, image)))
  // A field that the answer does not show proves nothing either way.
  if (found.has('not_shown')) return 'cannot_tell'
  return found.has('differs') ? 'different' : 'applied'
}
