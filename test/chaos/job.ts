/**
 * The file of a lane: several rows for most customers, `addresses` and `coupon` in some, a few rows that are invalid or
 * ask for nothing. Every value holds the number of its row, so that a call tells which row it was made for.
 */
import { createDice } from './dice.ts'

export interface PlannedRow {
  readonly row: number
  readonly customerId: string
  readonly kind: 'good' | 'invalid' | 'empty'
  /** What its update has to carry. */
  readonly patch: Readonly<Record<string, unknown>>
  /** A blank coupon: the discount is removed before the update. */
  readonly removes: boolean
  /** Applied twice it does harm: it adds an address or takes a coupon. */
  readonly once: boolean
}

export interface Job {
  readonly rows: readonly PlannedRow[]
  readonly good: number
  /** As NDJSON. */
  readonly text: string
}

export function createJob(seed: number, size: number): Job {
  const dice = createDice(seed)
  const customers = Math.max(2, Math.ceil(size / 4))
  const rows: PlannedRow[] = []
  for (let row = 1; row <= size; row++) {
    // A third of the rows belong to three customers: long lanes beside many short ones.
    const customer = dice.chance(0.33) ? dice.roll(1, Math.min(3, customers)) : dice.roll(1, customers)
    const kind = dice.chance(0.02) ? 'invalid' : dice.chance(0.03) ? 'empty' : 'good'
    const face = kind === 'empty' ? -1 : dice.roll(0, 9)
    const patch = kind === 'empty' ? {} : patchOf(row, face)
    const removes = face === 9
    const once = 'addresses' in patch || 'coupon' in patch
    const customerId = kind === 'invalid' ? '' : `cus_${String(customer).padStart(32, '0')}`
    rows.push({ row, customerId, kind, patch, removes, once })
  }
  const lines = rows.map(({ kind, customerId, patch, removes }) =>
    JSON.stringify({
      id: kind === 'invalid' ? 'no/customer' : customerId,
      ...patch,
      ...(removes ? { coupon: '' } : {}),
    }),
  )
  return {
    rows,
    good: rows.filter(({ kind }) => kind === 'good').length,
    text: `${lines.join('\n')}\n`,
  }
}

function patchOf(row: number, kind: number): PlannedRow['patch'] {
  const mark = `R${row}x`
  const addresses = [{ name: mark, line_1: mark, country: 'US' }]
  if (kind < 4) return { name: mark }
  if (kind < 6) return { description: mark, metadata: { crm: mark } }
  if (kind < 7) return { name: mark, addresses }
  if (kind < 8) return { addresses }
  return kind < 9 ? { coupon: mark } : { name: mark }
}

/** The row that a body was made for; 0 for a body that no row of a job has. */
export function rowOf(body: string): number {
  return Number(/R(\d+)x/.exec(body)?.[1] ?? 0)
}
