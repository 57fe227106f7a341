/** What a rollback has put back, kept and could not put back, by field: customers that it did so with. */
import { countEach } from '../model/collections.ts'
import { splitNames } from '../model/row.ts'
import type { Outcome } from '../model/outcome.ts'
import { formatCounts } from './format.ts'

export interface RollbackBuckets {
  readonly restored: Readonly<Record<string, number>>
  /** Changed by somebody else since, and left so. */
  readonly kept: Readonly<Record<string, number>>
  readonly not_possible: Readonly<Record<string, number>>
}

export interface RollbackFold {
  add(outcome: Outcome): void
  buckets(): RollbackBuckets
  /** Rows that were put back in part only. */
  readonly partly: number
}

export function createRollbackFold(): RollbackFold {
  const restored = new Map<string, number>()
  const kept = new Map<string, number>()
  const impossible = new Map<string, number>()
  let partly = 0
  return {
    add({ outcome, fields, errorCode, errorField }) {
      if (outcome === 'updated') countEach(restored, splitNames(fields))
      if (outcome === 'updated' && errorCode !== '') partly++
      if (errorCode === 'E_CHANGED_SINCE') countEach(kept, splitNames(errorField))
      if (errorCode === 'E_NOT_RESTORABLE') countEach(impossible, splitNames(errorField))
    },
    buckets: () => ({
      restored: Object.fromEntries(restored),
      kept: Object.fromEntries(kept),
      not_possible: Object.fromEntries(impossible),
    }),
    get partly() {
      return partly
    },
  }
}

/** What a rollback did with each field, or would do. */
export function bucketLines({
  restored,
  kept,
  not_possible: impossible,
}: RollbackBuckets): readonly string[] {
  return [
    `Put back:                 ${formatCounts(restored)}`,
    `Kept, changed since:      ${formatCounts(kept)}`,
    `Not possible:             ${formatCounts(impossible)}`,
  ]
}
