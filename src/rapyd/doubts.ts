/** Says what Rapyd does not document about a row that is sent all the same: unusual ids, and clears that may be refused. */
import { valueAt } from '../model/json.ts'
import { fieldOf } from '../model/row.ts'
import type { RowWarnings } from '../model/ports.ts'
import { customerField } from './customer-fields.ts'
import { isUsualId } from './customer-id.ts'

export const doubts: RowWarnings = {
  unusualId(customerId, tell) {
    if (!isUsualId(customerId))
      tell('W_UNUSUAL_ID', 'customer', 'not cus_ and 32 lower-case hex digits, the only form seen')
  },
  clears({ patch, cleared }, tell) {
    for (const path of cleared) {
      const message = customerField(fieldOf(path))?.doubtfulClear
      const keys = path.split(/[.[\]]+/).filter((key) => key !== '')
      // A mapping may clear with a value of its own, about which there is no doubt.
      if (message !== undefined && valueAt(patch, keys) === '') tell('W_DOUBTFUL_CLEAR', path, message)
    }
  },
}
