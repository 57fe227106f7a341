/** Says what Rapyd does not document about a row that is sent all the same: unusual ids, and clears that may be refused. */
import { valueAt } from '../domain/json.ts'
import type { PatchedRow } from '../domain/patch.ts'
import type { Doubts } from '../domain/warning.ts'
import { customerField } from './customer-fields.ts'
import { isUsualId } from './customer-id.ts'

interface DoubtfulClear {
  /** Empty: there is no doubt. */
  readonly message: string
  /** Where the value stands in the patch. */
  readonly keys: readonly string[]
}

export const unusualId = 'not cus_ and 32 lower-case hex digits, the only form seen'

/** What is doubtful about clearing the field at that path; empty where nothing is. */
export function doubtOfClearing(path: string): string {
  return customerField(path.split(/[.[]/, 1)[0] ?? '')?.doubtfulClear ?? ''
}

/** The paths of one file are few; what is known of each is kept, so that a row costs a look-up and no memory. */
export function createDoubts(): Doubts {
  const clears = new Map<string, DoubtfulClear>()

  function clearOf(path: string): DoubtfulClear {
    const known = clears.get(path)
    if (known !== undefined) return known
    const keys = path.split(/[.[\]]+/).filter((key) => key !== '')
    const found = { keys, message: doubtOfClearing(path) }
    clears.set(path, found)
    return found
  }

  return {
    unusualId(customerId, tell) {
      if (!isUsualId(customerId)) tell('W_UNUSUAL_ID', 'customer', unusualId)
    },
    clears({ patch, cleared }: PatchedRow, tell) {
      for (const path of cleared) {
        const { keys, message } = clearOf(path)
        // A mapping may clear with a value of its own, about which there is no doubt.
        if (message !== '' && valueAt(patch, keys) === '') tell('W_DOUBTFUL_CLEAR', path, message)
      }
    },
  }
}
