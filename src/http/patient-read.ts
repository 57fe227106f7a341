/** Reads with the patience of a call: what is throttled waits for the pause to end, and what fails is asked again. */
import type { JsonObject } from '../model/json.ts'
import type { ApiResponse } from '../model/ports.ts'
import { readEnvelope, isThrottled } from '../rapyd/response.ts'
import { listPath } from '../rapyd/requests.ts'
import type { Cursor } from '../rapyd/requests.ts'
import type { Calls } from './call.ts'
import { createOwnBlock } from './own-block.ts'
import { retry, TryAgain } from './retry.ts'
import type { RetryLimits, RetryParts } from './retry.ts'
import { lostRequest } from './transport-error.ts'

export interface ReadParts extends RetryParts {
  readonly calls: Calls
}

/**
 * `use` says what an answer means; it gets a throttled one only where a firewall refuses this read alone. Resolves with
 * `TryAgain` where no attempt was answered. Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason.
 */
export function readPatiently<Found>(
  parts: ReadParts,
  path: string,
  use: (response: ApiResponse) => Found | TryAgain,
  signal: AbortSignal,
  limits?: RetryLimits,
): Promise<Found | TryAgain> {
  const { calls } = parts
  const isOwnBlock = createOwnBlock(calls)
  async function attempt(): Promise<Found | TryAgain> {
    let response: ApiResponse
    try {
      response = await calls.read(path, signal)
    } catch (error) {
      return new TryAgain(lostRequest(error).reason)
    }
    if (isThrottled(response) && !(await isOwnBlock(signal)))
      return new TryAgain('throttled', { isFree: true })
    return use(response)
  }
  return retry(attempt, parts, signal, limits)
}

/** Nothing where the list cannot be had: reading customers one by one always can. Rejects with the signal's reason. */
export type ReadPage = (cursor: Cursor, signal: AbortSignal) => Promise<readonly JsonObject[] | undefined>

/**
 * Reads a page of the list of customers. `starting_after` names the customer created before the first wanted one, and
 * `ending_before` the one after the last (docs, "List Customers"); how a page is ordered is not documented, nor whether its
 * items are whole, so callers must not rely on either.
 */
export function createReadPage(parts: ReadParts): ReadPage {
  return async (cursor, signal) => {
    const items = await readPatiently(
      parts,
      listPath(cursor),
      (response) => {
        if (response.status >= 500 && !isThrottled(response)) return new TryAgain(`http_${response.status}`)
        const envelope = response.status === 200 ? readEnvelope(response.body) : undefined
        return envelope?.success === true ? envelope.items : undefined
      },
      signal,
      { attempts: 3 },
    )
    return items instanceof TryAgain ? undefined : items
  }
}
