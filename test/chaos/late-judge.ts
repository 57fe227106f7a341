/** The rows of the trials with a late server, and what must not become of them. */
import type { Dice } from './dice.ts'
import { lateKinds, type Application, type Fault, type LateServer } from './late-server.ts'

export const rowTypes = ['plain', 'addresses', 'coupon'] as const
export type RowType = (typeof rowTypes)[number]

export interface LateRow {
  readonly row: number
  readonly customerId: string
  readonly type: RowType
}

export function customerOf(number: number): string {
  return `cus_${String(number).padStart(32, '0')}`
}

/** `perCustomer` rows of each customer, one customer after another or in rounds. */
export function planRows(
  customers: number,
  perCustomer: number,
  type: RowType,
  isSorted: boolean,
): LateRow[] {
  return Array.from({ length: customers * perCustomer }, (_, index) => {
    const customer = isSorted ? Math.floor(index / perCustomer) : index % customers
    return { row: index + 1, customerId: customerOf(customer + 1), type }
  })
}

/** As NDJSON. Every value holds the number of its row. */
export function textOf(rows: readonly LateRow[]): string {
  return rows.map((row) => `${JSON.stringify({ id: row.customerId, ...patchOf(row) })}\n`).join('')
}

export function patchOf({ row, type }: LateRow): Record<string, unknown> {
  const mark = `R${row}x`
  if (type === 'plain') return { name: mark, metadata: { crm: mark } }
  if (type === 'coupon') return { coupon: mark }
  return { name: mark, addresses: [{ name: mark, line_1: mark, country: 'US' }] }
}

/** Some attempts of some customers meet a fault: the first alone, some, or all. */
export function planFaults(dice: Dice): (customerId: string, attempt: number) => Fault | undefined {
  const planned = new Map<string, Fault | undefined>()
  const share = dice.chance(0.3) ? 1 : 0.6
  const [later, never] = [dice.chance(0.5) ? 0 : 0.4, dice.chance(0.5) ? 0 : 0.3]
  const only = dice.chance(0.5) ? lateKinds[dice.roll(0, lateKinds.length - 1)] : undefined
  return (customerId, attempt) => {
    const key = `${customerId} ${attempt}`
    if (!planned.has(key)) {
      const isHit = dice.chance(attempt === 1 ? share : later)
      const lateMs = dice.chance(never) ? Number.POSITIVE_INFINITY : dice.roll(500, 60_000)
      const kind = only ?? lateKinds[dice.roll(0, lateKinds.length - 1)] ?? 'reset'
      planned.set(key, isHit ? { kind, lateMs } : undefined)
    }
    return planned.get(key)
  }
}

export interface Ended {
  readonly row: number
  readonly outcome: string
}

/** Sentences about what is wrong. `ended` are the outcomes of the finished run. */
export function judgeLate(
  rows: readonly LateRow[],
  server: Pick<LateServer, 'applied' | 'customer'>,
  ended: readonly Ended[],
): string[] {
  const outcomes = new Map(ended.map(({ row, outcome }) => [row, outcome]))
  const times = new Map<number, number>()
  for (const call of server.applied) times.set(markOf(call), (times.get(markOf(call)) ?? 0) + 1)
  const wrongRows = rows.flatMap(({ row, type }) => {
    const [outcome = 'none', applied = 0] = [outcomes.get(row), times.get(row)]
    if (applied > 1) return [`row ${row} (${type}) was applied ${applied} times and is ${outcome}`]
    if (outcome === 'updated' && applied === 0) return [`row ${row} is updated and was not applied`]
    if (['rejected', 'failed', 'not_attempted', 'none'].includes(outcome) && applied > 0)
      return [`row ${row} is ${outcome} and was applied`]
    return []
  })
  const wrongCustomers = [...Map.groupBy(server.applied, ({ customerId }) => customerId)].flatMap(
    ([customerId, calls]) => {
      const order = calls.map(markOf)
      return order.every((row, at) => row >= (order[at - 1] ?? 0))
        ? []
        : [`${customerId} got its rows in the order ${order.join()}`]
    },
  )
  return [...wrongRows, ...wrongCustomers]
}

/** The row that a call was made for. */
export function markOf({ body }: Pick<Application, 'body'>): number {
  return Number(/R(\d+)x/.exec(body)?.[1] ?? 0)
}
