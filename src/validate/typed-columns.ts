/** Columns whose texts cannot be mistaken for those of others: by them it is seen whether cells have moved. */
import type { TypedColumn } from '../doctor/broken-rows.ts'
import type { PlannedColumn } from '../mapping/column-plans.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'

/** Texts of these can be told from all others, which a country of two letters cannot. */
const told: ReadonlySet<string> = new Set(['E_EMAIL', 'E_PHONE', 'E_DATE', 'E_EWALLET', 'E_PAYMENT_METHOD'])

/** In the header's order. */
export function typedColumns(plans: readonly PlannedColumn[]): readonly TypedColumn[] {
  return plans.flatMap(({ isId, targets }, index) => {
    if (isId) return [{ index, fits: isCustomerId }]
    const [target] = targets
    const rule = target?.rule
    return rule === undefined || !told.has(rule(' ')?.code ?? '')
      ? []
      : [{ index, fits: (text: string) => rule(text) === undefined }]
  })
}
