/** The rows of an input as a plan has them: only the fields that it says would change, and no call for any other row. */
import { checkInput, guardOf, scanReading } from '../guard/check-input.ts'
import type { CheckedInput, InputParts, Watched } from '../guard/check-input.ts'
import { withoutCall } from '../domain/outcome.ts'
import type { Outcome } from '../domain/outcome.ts'
import { onlyFields } from '../domain/patch.ts'
import type { PatchedRow } from '../domain/patch.ts'
import { BulkUpdateError } from '../errors.ts'
import type { SavedPlan } from './saved-plan.ts'
import { openPlan } from './saved-plan.ts'
import type { ReadRow } from '../pipeline/ports.ts'
import { isOutcome } from '../pipeline/send.ts'
import type { PlannedFacts } from '../run/parts.ts'

/** `watched` stands around the rows of the pass that counts what is planned. */
export async function checkPlanned(
  plan: SavedPlan,
  parts: InputParts,
  watched: Watched = (source) => source,
): Promise<CheckedInput> {
  const base = await checkInput({ ...parts, onInvalid: () => {} })
  const readRow: ReadRow = (row) => {
    const read = base.readRow(row)
    return isOutcome(read) ? read : plannedOf(read, plan)
  }
  const reading = { openRows: base.openRows, readRow }
  const found = parts.remembered ?? (await scanReading(parts, reading, watched(reading.openRows())))
  return { ...reading, found, refusal: guardOf(found, parts.options) }
}

function plannedOf(read: PatchedRow, plan: SavedPlan): PatchedRow | Outcome {
  const { customerId } = read
  const planned = plan.change(read.row)
  if (planned === undefined) throw new Error('a row that the plan of this input does not have')
  switch (planned.change) {
    case 'update':
      return onlyFields(read, (field) => planned.fields.has(field))
    case 'unchanged':
      return withoutCall(read, customerId, 'unchanged', {
        message: 'the customer held it when the plan was made',
      })
    case 'missing':
      return withoutCall(read, customerId, 'invalid', {
        errorCode: 'E_CUSTOMER_NOT_FOUND',
        message: 'Rapyd did not know the customer when the plan was made',
      })
    case 'unreadable':
    case 'invalid':
      return withoutCall(read, customerId, 'invalid', {
        errorCode: 'E_NOT_PLANNED',
        message: 'the customer could not be read when the plan was made',
      })
    default:
      return planned.change satisfies never
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
