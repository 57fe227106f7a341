/** The rows of a plan as the rows of a run: what each sends, and no call for any other row. */
import { guardOf } from '../validation/guards.ts'
import { checkInput, scanReading } from '../validation/scan.ts'
import type { CheckedInput, InputParts, Watched } from '../validation/input-parts.ts'
import { withoutCall } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { ReadRow } from '../model/ports.ts'
import type { PlanRow } from './plan-format.ts'
import type { SavedPlan } from './saved-plan.ts'
import { openPlan } from './saved-plan.ts'
import type { PlannedFacts } from './record.ts'
import { isDeepStrictEqual } from 'node:util'
import type { ErrorCode } from '../model/errors.ts'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { Outcome } from '../model/row.ts'
import { parseBody } from '../rapyd/requests.ts'
import { isEmpty, toSnapshot, compareField, holdsAll, ownValue } from '../rapyd/snapshot.ts'
import { openOutcome } from './all-outcomes.ts'
import type { Precondition } from './watch.ts'

/** `watched` wraps the rows of the counting pass. Of the input, only bytes at the places of rows are read. */
export async function checkPlanned(
  plan: SavedPlan,
  parts: InputParts,
  watched: Watched = (source) => source,
): Promise<CheckedInput> {
  const readRow: ReadRow = (row) => {
    if (row.kind !== 'ndjson') throw new Error('a row of a plan that is none')
    return readPlanned(plan.rowOf(row.record))
  }
  const openRows: CheckedInput['openRows'] = (start) => plan.rows(start?.row)
  const reading = { openRows, readRow }
  const found = parts.remembered ?? (await scanReading(parts, reading, watched(openRows())))
  return { ...reading, found, refusal: guardOf(found, parts.options) }
}

function readPlanned(planned: PlanRow): ReturnType<ReadRow> {
  const { row, line, offset, length, customer: customerId } = planned
  const place = { row, line, offset, length }
  switch (planned.change) {
    case 'update': {
      const { patch, paths, clears } = planned
      return { ...place, customerId, patch, fields: paths, cleared: clears }
    }
    case 'unchanged': {
      const { message = 'the customer held it when the plan was made' } = planned
      return withoutCall(place, customerId, 'unchanged', { message })
    }
    case 'missing':
      return withoutCall(place, customerId, 'invalid', {
        errorCode: 'E_CUSTOMER_NOT_FOUND',
        message: 'Rapyd did not know the customer when the plan was made',
      })
    case 'unreadable':
      return withoutCall(place, customerId, 'invalid', {
        errorCode: 'E_NOT_PLANNED',
        message: 'the customer could not be read when the plan was made',
      })
    case 'invalid': {
      const { code: errorCode, field: errorField, message } = planned
      return withoutCall(place, customerId, 'invalid', { errorCode, errorField, message })
    }
    default:
      return planned satisfies never
  }
}

/** How the rows of a run are checked: by its plan, if it has one. */
export function checkOf(plan: SavedPlan | undefined): (parts: InputParts) => Promise<CheckedInput> {
  return plan === undefined ? checkInput : (parts) => checkPlanned(plan, parts)
}

/** The plan of a run. Throws INPUT if it is gone or was replaced. */
export async function openPlanOf({ plan: path, sha256 }: PlannedFacts): Promise<SavedPlan> {
  const plan = await openPlan(path)
  if (plan.head.sha256 === sha256) return plan
  await plan.close()
  throw new BulkUpdateError(
    'E_PLAN_CHANGED',
    `${path} is not the plan that this run sends`,
    'Put that plan back where it was. Nothing was sent.',
  )
}

export function createDriftJudge(plan: Pick<SavedPlan, 'before'>): Precondition {
  return async ({ request, customer, isInDoubt }) => {
    const refused = (code: ErrorCode, message: string, field = ''): Outcome =>
      openOutcome(request, { code, message, field }, isInDoubt ? 'unknown' : 'invalid')
    if (customer === undefined)
      return refused('E_CUSTOMER_NOT_FOUND', 'Rapyd does not know the customer any more')
    const patch = parseBody(request.body)
    const image = toSnapshot(customer, Object.keys(patch))
    const before = await plan.before(request.row)
    const drifted = Object.entries(patch).flatMap(([field, wanted]) =>
      isGone(field, wanted, image) || isSame(field, wanted, ownValue(before, field), ownValue(image, field))
        ? []
        : [field],
    )
    if (drifted.length === 0) return { request }
    // An earlier session may have sent it, so the customer may hold what the row asks for. The sender settles that.
    const isApplied = Object.entries(patch).every(
      ([field, wanted]) => compareField(field, wanted, image) === 'holds',
    )
    if (isInDoubt && isApplied) return { request }
    const message = `not what the plan says the customer held: ${drifted.join(', ')}`
    return refused('E_DRIFTED', message, drifted.join(';'))
  }
}

/** A discount that the row would remove and that is gone needs no call. An earlier session may have removed it. */
function isGone(field: string, wanted: JsonValue, image: JsonObject): boolean {
  return field === 'coupon' && wanted === '' && isEmpty(ownValue(image, field))
}

/**
 * Compares of metadata the keys that the row names, and of addresses each one as a whole. Addresses that earlier rows of the plan
 * append have no id in the plan, because Rapyd gives it later.
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
