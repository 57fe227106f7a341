/** The rows of a plan as the rows of a run: what each sends, and no call for any other row. */
import { checkInput, guardOf, scanReading } from '../validation/scan.ts'
import type { CheckedInput, InputParts, Watched } from '../validation/scan.ts'
import { withoutCall } from '../model/outcome.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { ReadRow } from '../model/ports.ts'
import type { PlanRow } from './plan-row.ts'
import type { SavedPlan } from './saved-plan.ts'
import { openPlan } from './saved-plan.ts'
import type { PlannedFacts } from './parts.ts'

/** `watched` stands around the rows of the pass that counts what is planned. Of the input only its bytes are asked for, by the places of rows. */
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

/** How the rows of a run are checked: by its plan, where it has one. */
export function checkOf(plan: SavedPlan | undefined): (parts: InputParts) => Promise<CheckedInput> {
  return plan === undefined ? checkInput : (parts) => checkPlanned(plan, parts)
}

/** The plan of a run. Throws INPUT where it is gone, or is another one by now. */
export async function openPlanOf({ plan: path, sha256 }: PlannedFacts): Promise<SavedPlan> {
  const plan = await openPlan(path)
  if (plan.head.sha256 === sha256) return plan
  await plan.close()
  throw new BulkUpdateError(
    'INPUT',
    'E_PLAN_CHANGED',
    `${path} is not the plan that this run sends`,
    'Put that plan back where it was. Nothing was sent.',
  )
}
