/**
 * Reading a customer back: the only proof of what became of a call that has no answer. Only the patched fields are
 * compared, arrays and objects by value; a cleared field compares as empty.
 */
import { isJsonObject } from '../domain/json.ts'
import type { UpdateRequest } from '../domain/request.ts'
import { readEnvelope } from '../rapyd/envelope.ts'
import { compareField, imageOf } from '../rapyd/held.ts'
import { isThrottled } from '../rapyd/response.ts'
import { customerPath } from '../rapyd/update-customer.ts'
import type { ApiResponse } from '../pipeline/ports.ts'
import { readPatiently } from './patient-read.ts'
import type { ReadParts } from './patient-read.ts'
import { mostAttempts, TryAgain } from './retry.ts'

/** `unanswered`: no read got an answer, so that asking again may tell. */
export type Finding = 'applied' | 'different' | 'cannot_tell' | 'unanswered'

/**
 * Reads the customer and says what became of the patch, in `attempts` reads at most. Rejects with the signal's reason when it
 * is aborted.
 */
export type ReadBack = (request: UpdateRequest, signal: AbortSignal, attempts?: number) => Promise<Finding>

export function createReadBack(parts: ReadParts): ReadBack {
  return async (request, signal, attempts = mostAttempts - 1) => {
    const use = (response: ApiResponse): Finding | TryAgain =>
      response.status < 500 || isThrottled(response)
        ? compareWith(request, response)
        : new TryAgain(`http_${response.status}`)
    const finding = await readPatiently(parts, customerPath(request.customerId), use, signal, { attempts })
    return finding instanceof TryAgain ? 'unanswered' : finding
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
