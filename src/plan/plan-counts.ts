/** What a plan comes to, counted while its rows go by. */
import { planChanges } from './plan-row.ts'
import type { PlanChange, PlanRow } from './plan-row.ts'

export interface PlanCounts {
  readonly rows: number
  readonly changes: Readonly<Record<PlanChange, number>>
  /** Rows that change the field, and that blank something in it, by field. */
  readonly fields: Readonly<Record<string, number>>
  readonly clears: Readonly<Record<string, number>>
}

export interface PlanCounter {
  add(row: PlanRow): void
  counts(): PlanCounts
}

export function createPlanCounter(): PlanCounter {
  let rows = 0
  const changes = new Map<PlanChange, number>()
  const fields = new Map<string, number>()
  const clears = new Map<string, number>()
  return {
    add(row) {
      rows++
      count(changes, row.change)
      if (row.change !== 'update') return
      for (const field in row.fields) count(fields, field)
      for (const path of row.clears) count(clears, path)
    },
    counts: () => ({
      rows,
      changes: {
        update: changes.get('update') ?? 0,
        unchanged: changes.get('unchanged') ?? 0,
        missing: changes.get('missing') ?? 0,
        unreadable: changes.get('unreadable') ?? 0,
        invalid: changes.get('invalid') ?? 0,
      },
      fields: Object.fromEntries(fields),
      clears: Object.fromEntries(clears),
    }),
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

export function isPlanChange(text: unknown): text is PlanChange {
  return planChanges.some((change) => change === text)
}
