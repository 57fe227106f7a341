/** What a rollback has put back, kept and could not put back, by field: customers that it did so with. */
import type { Outcome } from '../domain/outcome.ts'
import { printable } from '../domain/printable.ts'
import { formatCount } from './format.ts'

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
      if (outcome === 'updated') count(restored, fields)
      if (outcome === 'updated' && errorCode !== '') partly++
      if (errorCode === 'E_CHANGED_SINCE') count(kept, errorField)
      if (errorCode === 'E_NOT_RESTORABLE') count(impossible, errorField)
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

function count(counts: Map<string, number>, names: string): void {
  for (const name of names.split(';')) if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** What a rollback did with each field, or would do. */
export function bucketLines({
  restored,
  kept,
  not_possible: impossible,
}: RollbackBuckets): readonly string[] {
  return [
    `Put back:                 ${listOf(restored)}`,
    `Kept, changed since:      ${listOf(kept)}`,
    `Not possible:             ${listOf(impossible)}`,
  ]
}

function listOf(counts: Readonly<Record<string, number>>): string {
  const found = Object.entries(counts).map(([name, number]) => `${printable(name)} ${formatCount(number)}`)
  return found.length === 0 ? 'none' : found.join(', ')
}
