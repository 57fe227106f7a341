/**
 * What the first rows prove. Until one is updated they go one at a time: ten refusals for the same reason, which is not the
 * rows' own, end the run before it can do more than ask ten times.
 */
import type { ErrorCode } from '../model/errors.ts'
import type { Slots } from './slots.ts'
import { stopError } from './stop-error.ts'

export interface Proof {
  /** A row was updated. */
  updated(): void
  /** Rapyd refused a row. Throws `BulkUpdateError` where that shows that no row can be updated. */
  refused(code: ErrorCode, status: number): void
}

const firstRows = 10

/** Statuses that Rapyd does not document for this call: something else answers. */
const strange: ReadonlySet<number> = new Set([404, 405, 410, 415, 422])

export function createProof(slots: Pick<Slots, 'prove'>): Proof {
  let isProven = false
  let refusals = 0
  let first = ''
  let areAlike = true

  function prove(): void {
    isProven = true
    slots.prove()
  }

  return {
    updated() {
      if (!isProven) prove()
    },
    refused(code, status) {
      if (isProven) return
      refusals++
      const what = `${code} ${status}`
      if (refusals === 1) first = what
      areAlike &&= what === first
      if (refusals < firstRows) return
      if (areAlike && (code === 'E_CUSTOMER_NOT_HERE' || code === 'E_FORBIDDEN'))
        throw stopError(
          'E_AUTH',
          'none of the first ten customers may be updated: another environment or account?',
        )
      if (areAlike && strange.has(status))
        throw stopError('E_NOT_API', `HTTP ${status} for the first ten rows`)
      prove()
    },
  }
}
