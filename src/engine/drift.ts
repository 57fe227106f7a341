/** `apply --verify`: refuses a row whose customer does not hold any more what the plan says, in the fields that it changes. */
import { isDeepStrictEqual } from 'node:util'
import type { ErrorCode } from '../model/errors.ts'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonValue } from '../model/json.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import type { SavedPlan } from './saved-plan.ts'
import { parseBody } from '../rapyd/requests.ts'
import { compareField, holdsAll, toSnapshot, isEmpty, ownValue } from '../rapyd/snapshot.ts'
import { openOutcome } from './account.ts'
import type { Judge, Looked } from './looks.ts'

export function createDriftJudge(plan: Pick<SavedPlan, 'before'>): Judge {
  return async (looked) => {
    const { request, customer, isInDoubt } = looked
    if (customer === undefined) {
      const message = 'Rapyd does not know the customer any more'
      return refused(looked, isInDoubt ? 'unknown' : 'invalid', 'E_CUSTOMER_NOT_FOUND', '', message)
    }
    const patch = parseBody(request.body)
    const image = toSnapshot(customer, Object.keys(patch))
    const before = await plan.before(request.row)
    const drifted = Object.entries(patch).flatMap(([field, wanted]) =>
      isSame(field, wanted, ownValue(before, field), ownValue(image, field)) ? [] : [field],
    )
    if (drifted.length === 0) return { request }
    // An earlier session may have sent it: then the customer holds what the row asks for, and the sender finds that out.
    const isApplied = Object.entries(patch).every(
      ([field, wanted]) => compareField(field, wanted, image) === 'holds',
    )
    if (isInDoubt && isApplied) return { request }
    const message = `not what the plan says the customer held: ${drifted.join(', ')}`
    return refused(looked, isInDoubt ? 'unknown' : 'invalid', 'E_DRIFTED', drifted.join(';'), message)
  }
}

/**
 * Of metadata, the keys that the row names; of addresses, each one as a whole. What earlier rows of the plan were to append has no id in
 * it yet: Rapyd adds to it.
 */
function isSame(
  field: string,
  wanted: JsonValue,
  before: JsonValue | undefined,
  held: JsonValue | undefined,
): boolean {
  if (isEmpty(before) || isEmpty(held)) return isEmpty(before) && isEmpty(held)
  if (field === 'metadata' && isJsonObject(wanted) && isJsonObject(before) && isJsonObject(held)) {
    return Object.keys(wanted).every((key) => isDeepStrictEqual(ownValue(before, key), ownValue(held, key)))
  }
  if (field === 'addresses' && isList(before) && isList(held)) return areSameAddresses(before, held)
  return isDeepStrictEqual(before, held)
}

function areSameAddresses(before: readonly JsonValue[], held: readonly JsonValue[]): boolean {
  const [known, appended] = [before.filter(hasId), before.filter((address) => !hasId(address))]
  const more = held.filter((now) => !known.some((address) => isDeepStrictEqual(address, now)))
  return (
    more.length === held.length - known.length &&
    more.length === appended.length &&
    appended.every((address) => more.some((now) => holdsAll(now, address)))
  )
}

function hasId(address: JsonValue): boolean {
  return isJsonObject(address) && Object.hasOwn(address, 'id')
}

function refused(
  { request, at }: Looked,
  outcome: OutcomeKind,
  code: ErrorCode,
  errorField: string,
  message: string,
): Outcome {
  return { ...openOutcome(request, { code, message }), outcome, errorField, finishedAt: at }
}
