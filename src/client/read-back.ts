/**
 * Reading a customer back: the only proof of what became of a call that has no answer. Only the patched fields are
 * compared, arrays and objects by value; a cleared field compares as empty.
 */
import { isJsonObject } from '../domain/json.ts'
import type { UpdateRequest } from '../domain/request.ts'
import { readEnvelope } from '../rapyd/envelope.ts'
import { compareField, imageOf } from '../rapyd/held.ts'
import type { ApiResponse, Clock } from '../pipeline/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import { backoffMs, mostAttempts } from './backoff.ts'
import type { Calls } from './call.ts'
import { createOwnBlock } from './own-block.ts'
import { TransportError } from './transport-error.ts'

/** `unanswered`: no read got an answer, so that asking again may tell. */
export type Finding = 'applied' | 'different' | 'cannot_tell' | 'unanswered'

export interface ReadBackParts {
  readonly calls: Calls
  readonly clock: Clock
  readonly random: () => number
}

/**
 * Reads the customer and says what became of the patch, in `tries` reads at most. Rejects with the signal's reason when it is
 * aborted.
 */
export type ReadBack = (request: UpdateRequest, signal: AbortSignal, tries?: number) => Promise<Finding>

export function createReadBack({ calls, clock, random }: ReadBackParts): ReadBack {
  return async (request, signal, tries = mostAttempts - 1) => {
    for (let failed = 1; failed <= tries; failed++) {
      const response = await retrieve(request.customerId, signal)
      if (response === 'blocked') return 'cannot_tell'
      if (response !== undefined && response.status < 500) return compareWith(request, response)
      if (failed < tries) await clock.sleep(backoffMs(failed, random()), signal)
    }
    return 'unanswered'
  }

  /** Throttled reads are repeated when the pause is over; nothing where no whole answer came. */
  async function retrieve(
    customerId: string,
    signal: AbortSignal,
  ): Promise<ApiResponse | 'blocked' | undefined> {
    const isOwnBlock = createOwnBlock(calls)
    try {
      for (;;) {
        const response = await calls.retrieve(customerId, signal)
        if (!isThrottled(response)) return response
        if (await isOwnBlock(signal)) return 'blocked'
      }
    } catch (error) {
      if (error instanceof TransportError) return undefined
      throw error
    }
  }
}

/** For accounts that may not read customers: nothing can be told. */
export const withoutReading: ReadBack = () => Promise.resolve('cannot_tell')

/** Compares the customer in `response` with what `request` asked for. */
export function compareWith(request: UpdateRequest, response: ApiResponse): Finding {
  const customer = readEnvelope(response.body)?.data
  if (response.status !== 200 || customer === undefined || customer['id'] !== request.customerId)
    return 'cannot_tell'
  const patch: unknown = JSON.parse(request.body)
  if (!isJsonObject(patch)) return 'cannot_tell'
  const image = imageOf(customer, Object.keys(patch))
  let finding: Finding = 'applied'
  for (const [field, wanted] of Object.entries(patch)) {
    const holding = compareField(field, wanted, image)
    // A field that the answer does not show proves nothing either way.
    if (holding === 'not_shown') return 'cannot_tell'
    if (holding === 'differs') finding = 'different'
  }
  return finding
}
