/**
 * Reads a page of the list of customers. `starting_after` names the customer created before the first wanted one, and
 * `ending_before` the one after the last (docs, "List Customers"); how a page is ordered is not documented, nor whether its
 * items are whole, so callers must not rely on either.
 */
import type { JsonObject } from '../domain/json.ts'
import type { Clock } from '../pipeline/ports.ts'
import { customersIn, listPath } from '../rapyd/customer-list.ts'
import type { Cursor } from '../rapyd/customer-list.ts'
import { isThrottled } from '../rapyd/response.ts'
import { backoffMs } from './backoff.ts'
import type { Calls } from './call.ts'
import { createOwnBlock } from './own-block.ts'
import { TransportError } from './transport-error.ts'

/** Nothing where the list cannot be had: reading customers one by one always can. Rejects with the signal's reason. */
export type ReadPage = (cursor: Cursor, signal: AbortSignal) => Promise<readonly JsonObject[] | undefined>

export interface ReadPageParts {
  readonly calls: Calls
  readonly clock: Clock
  readonly random: () => number
}

const tries = 3

export function createReadPage({ calls, clock, random }: ReadPageParts): ReadPage {
  return async (cursor, signal) => {
    const isOwnBlock = createOwnBlock(calls)
    for (let failed = 0; failed < tries;) {
      if (failed > 0) await clock.sleep(backoffMs(failed, random()), signal)
      signal.throwIfAborted()
      try {
        const response = await calls.page(listPath(cursor), signal)
        if (isThrottled(response)) {
          if (await isOwnBlock(signal)) return undefined
          continue
        }
        if (response.status < 500) return response.status === 200 ? customersIn(response.body) : undefined
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
      }
      failed++
    }
    return undefined
  }
}
