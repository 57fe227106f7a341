/** Reads customers: to know what they hold, or as the only proof of what became of a call that has no answer. */
import type { ErrorCode } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import type { ApiResponse } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { customerPath, isRepeatable, listPath, type Cursor } from '../rapyd/requests.ts'
import { classify, isThrottled, readEnvelope } from '../rapyd/response.ts'
import { findChangedKeys } from '../rapyd/metadata.ts'
import { compareField, isEmpty, toSnapshot } from '../rapyd/snapshot.ts'
import { countBlock, isListed } from './access.ts'
import { stopError, TransportError } from './errors.ts'
import {
  again,
  isAgain,
  mostAttempts,
  retry,
  isOwnBlock,
  noBlocks,
  type Again,
  type RetryLimits,
  type RetryParts,
} from './retry.ts'
import type { Calls, CustomerReading, ReadBack, ReadBackResult, ReadCustomer, Signer } from './ports.ts'

export interface ReadParts extends RetryParts {
  readonly calls: Calls
}

/**
 * Reads `path` with retries; throttled reads wait for the end of the pause. `use` says what an answer means. It gets a
 * throttled one only if a firewall refuses this read alone. Resolves with `Again` if no attempt was answered.
 */
function readWithRetries<Found extends { readonly kind: string }>(
  parts: ReadParts,
  path: string,
  use: (response: ApiResponse) => Found | Again,
  signal: AbortSignal,
  limits: RetryLimits & { readonly isBeforeUpdate?: boolean },
): Promise<Found | Again> {
  const { calls } = parts
  let blocks = noBlocks
  async function attempt(): Promise<Found | Again> {
    const response = await calls.read(path, signal, limits.isBeforeUpdate)
    if (response instanceof TransportError) return again(response.reason)
    if (isThrottled(response)) {
      blocks = await countBlock(blocks, response, () => isListed(calls, signal))
      if (!isOwnBlock(blocks)) return again('throttled', { isFree: true })
    }
    return use(response)
  }
  return retry(attempt, parts, signal, limits)
}

/** Returns undefined if there is no list; customers can always be read one by one. Rejects with the signal's reason. */
export type ReadPage = (cursor: Cursor, signal: AbortSignal) => Promise<readonly JsonObject[] | undefined>

/**
 * Reads a page of the list of customers. `starting_after` names the customer created before the first wanted one, and
 * `ending_before` the one after the last (docs, "List Customers"). No document says how a page is ordered, nor whether its
 * items are whole, so callers must not rely on either.
 */
export function createReadPage(parts: ReadParts): ReadPage {
  return async (cursor, signal) => {
    const page = await readWithRetries(
      parts,
      listPath(cursor),
      (response) => {
        if (response.status >= 500 && !isThrottled(response)) return again(`http_${response.status}`)
        const envelope = response.status === 200 ? readEnvelope(response.body) : undefined
        return { kind: 'page', items: envelope?.success === true ? envelope.items : undefined } as const
      },
      signal,
      { attempts: 3 },
    )
    return isAgain(page) ? undefined : page.items
  }
}

/** `isBeforeUpdate`: the permit of the update is taken together with that of the read. */
export function createReadCustomer(
  parts: ReadParts & { readonly signer: Signer },
  isBeforeUpdate = false,
): ReadCustomer {
  return async (customerId, signal, attempts = mostAttempts) => {
    let isResigned = false
    let last: CustomerReading = { kind: 'unreadable', code: 'E_NETWORK', status: 0, isUnanswered: true }

    function use(response: ApiResponse): CustomerReading | Again {
      const answer = classify(response, customerId)
      const { status } = response
      switch (answer.kind) {
        case 'updated': {
          const { customer } = answer
          if (customer !== undefined) return { kind: 'found', customer, ...changedKeys(response.body) }
          return { kind: 'unreadable', code: 'E_BAD_RESPONSE', status }
        }
        case 'rejected': {
          const { code } = answer
          if (isMissing(code, status)) return { kind: 'missing', code, status }
          return { kind: 'unreadable', code, status }
        }
        case 'ambiguous':
          last = { kind: 'unreadable', code: answer.code, status, isUnanswered: true }
          return again(answer.reason)
        case 'throttled':
          return { kind: 'unreadable', code: 'E_BLOCKED', status }
        case 'resign':
          if (isResigned) throw stopError(answer.why === 'clock' ? 'E_CLOCK' : 'E_AUTH', answer.why)
          isResigned = true
          if (answer.why !== 'salt') parts.signer.correctClock(response)
          return again(answer.why, { isFree: true })
        case 'stop':
          throw stopError(answer.code, answer.operationId)
        default:
          return answer satisfies never
      }
    }

    const limits = { attempts, isBeforeUpdate }
    const reading = await readWithRetries(parts, customerPath(customerId), use, signal, limits)
    return isAgain(reading) ? last : reading
  }
}

function changedKeys(body: string): { readonly changedKeys?: readonly string[] } {
  const keys = findChangedKeys(body)
  return keys.length === 0 ? {} : { changedKeys: keys }
}

function isMissing(code: ErrorCode, status: number): boolean {
  return code === 'E_CUSTOMER_NOT_FOUND' || code === 'E_CUSTOMER_NOT_HERE' || status === 404
}

/** `laterOf` returns later rows of the customer that may have been sent too: one that was applied may have overwritten the row. */
export function createReadBack(
  read: ReadCustomer,
  laterOf: (request: UpdateRequest) => Promise<readonly UpdateRequest[]> = async () => [],
): ReadBack {
  return async (request, signal, attempts = mostAttempts - 1) => {
    const reading = await read(request.customerId, signal, attempts)
    if (reading.kind === 'found') {
      const { customer } = reading
      const found = compareWith(request, customer)
      const later = found === 'different' ? await laterOf(request) : []
      return later.some((row) => compareWith(row, customer) === 'applied') ? 'overtaken' : found
    }
    return reading.kind === 'unreadable' && reading.isUnanswered === true ? 'unanswered' : 'cannot_tell'
  }
}

/** For accounts that may not read customers. */
export const withoutReading: ReadBack = () => Promise.resolve('cannot_tell')

/**
 * Compares a customer with what the row of `request` changes: only its fields, arrays and objects by value. A cleared field compares
 * as empty.
 */
export function compareWith({ body, reading }: UpdateRequest, customer: JsonObject): ReadBackResult {
  const patch: unknown = JSON.parse(reading?.patch ?? body)
  if (!isJsonObject(patch)) return 'cannot_tell'
  const snapshot = toSnapshot(customer, Object.keys(patch))
  const matches = Object.entries(patch).map(
    ([field, wanted]) => [field, compareField(field, wanted, snapshot)] as const,
  )
  const found = new Set(matches.map(([, match]) => match))
  // A field that the answer does not show proves nothing.
  if (found.has('not_shown')) return 'cannot_tell'
  if (!found.has('differs')) return 'applied'
  // Rapyd may have taken a part. What would add up must not be sent again then.
  const isPartly = matches.some(
    ([field, match]) => match === 'holds' && !isRepeatable({ [field]: '' }) && !isEmpty(patch[field]),
  )
  return isPartly ? 'cannot_tell' : 'different'
}
