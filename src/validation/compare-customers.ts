/** What the customers that two inputs share tell: values that stand in another column, rows that were cut off or moved. */
import { countUp } from '../model/collections.ts'
import type { Difference } from './compare.ts'
import type { Marks, Portrait, SampledCustomer } from './portrait.ts'

/** Fewer shared customers than this tell nothing. */
const leastShared = 10
/** Customers for whom a field may change from one night to the next, of those that have it. */
const mostChanged = 0.3
/** So many of the last customers, one after another, are no chance. */
const longestRun = 8

export interface Changes {
  readonly differences: readonly Difference[]
  /** Fields that changed for more customers than is usual. */
  readonly restless: readonly string[]
}

/** `again` holds the customers of `last` that the next input updates. */
export function customerChanges(last: Portrait, again: ReadonlyMap<string, Marks>): Changes {
  const shared = last.customers.filter(([id]) => again.has(id))
  if (shared.length < leastShared) return { differences: [], restless: [] }
  const counts = last.fields.map((field, index) => {
    const having = shared.filter(([, marks]) => (marks[index] ?? 0) > 0)
    const changed = having.filter((customer) => isChanged(customer, index, again)).length
    const isFlatter =
      flatness(shared, ([id]) => again.get(id)?.[index]) >
      flatness(shared, ([, marks]) => marks[index]) + 0.25
    return { field, index, having: having.length, changed, isFlatter }
  })
  const restless = counts.filter(
    ({ having, changed }) => having >= leastShared && changed > having * mostChanged,
  )
  const told = restless.filter(({ field }) => !last.restless.includes(field))
  // A single key of metadata may hold a balance or the day of the export, and change for everybody; but not become the same.
  const isPlain =
    told.length === 1 && told.every(({ field, isFlatter }) => field.startsWith('metadata.') && !isFlatter)
  const differences = (isPlain ? [] : told).map(({ field, having, changed }) => ({
    what: field,
    text: `${field} differs from last time for ${changed} of ${having} sampled customers`,
  }))
  const calm = counts.filter((count) => !restless.includes(count))
  return {
    differences: [...differences, ...endDifferences(last, shared, calm, again)],
    restless: restless.map(({ field }) => field),
  }
}

/** The last customers of a file that kept its order: cut off, or their values changed where nobody else's did. */
function endDifferences(
  last: Portrait,
  shared: readonly SampledCustomer[],
  calm: readonly { readonly field: string; readonly index: number }[],
  again: ReadonlyMap<string, Marks>,
): readonly Difference[] {
  const gone = runAtEnd(last.customers, ([id]) => !again.has(id))
  const others = last.customers.length - gone
  // Where most others are missing as well, the file is simply of other customers.
  if (gone >= longestRun && shared.length >= others * 0.8)
    return [{ what: 'rows', text: 'none of the last customers of last time is updated by it' }]
  return calm.flatMap(({ field, index }) =>
    runAtEnd(shared, (customer) => isChanged(customer, index, again)) >= longestRun
      ? [{ what: field, text: `${field} differs from last time for each of the last customers` }]
      : [],
  )
}

/** The share of customers that have the most frequent mark. */
function flatness(
  customers: readonly SampledCustomer[],
  markOf: (customer: SampledCustomer) => number | undefined,
): number {
  const counts = new Map<number, number>()
  for (const customer of customers) {
    countUp(counts, markOf(customer) ?? 0)
  }
  return Math.max(...counts.values()) / customers.length
}

function runAtEnd(
  customers: readonly SampledCustomer[],
  matches: (customer: SampledCustomer) => boolean,
): number {
  return customers.length - 1 - customers.findLastIndex((customer) => !matches(customer))
}

function isChanged([id, marks]: SampledCustomer, index: number, again: ReadonlyMap<string, Marks>): boolean {
  return (marks[index] ?? 0) !== (again.get(id)?.[index] ?? 0)
}
