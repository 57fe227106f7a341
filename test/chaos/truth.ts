/**
 * What has to hold however often a run was killed, read from the simulator's call log (the truth) and from `results`.
 * Gives a list of sentences; none means that everything holds.
 */
import { isDeepStrictEqual } from 'node:util'
import type { SimulatedCall, Simulator } from '../../src/simulator/server.ts'
import { rowOf, type Job, type PlannedRow } from './job.ts'

export interface Evidence {
  readonly job: Job
  readonly calls: readonly SimulatedCall[]
  readonly inFlightPerCustomerMax: number
  /** As the simulator shows the customer in the end. */
  readonly customer: (id: string) => Readonly<Record<string, unknown>> | undefined
  /** Of `results`, in its order. */
  readonly results: readonly Readonly<Record<string, string>>[]
}

/** How many rows were lost, applied twice, and out of order. */
export interface Verdict {
  readonly lost: number
  readonly twice: number
  readonly reordered: number
  readonly violations: readonly string[]
}

const freshMs = 5_000

/** Judges a job by the simulator that it was sent to. */
export function judgeAt(
  simulator: Pick<Simulator, 'calls' | 'inFlightPerCustomerMax' | 'customer'>,
  job: Job,
  results: Evidence['results'],
): Verdict {
  const { calls, inFlightPerCustomerMax } = simulator
  return judge({ job, calls, inFlightPerCustomerMax, customer: (id) => simulator.customer(id), results })
}

export function judge(evidence: Evidence): Verdict {
  const { job, calls } = evidence
  const applied = calls.filter((call) => call.applied && call.method === 'POST')
  const times = countBy(applied.map(({ body }) => rowOf(body)))
  const outcomes = new Map(evidence.results.map((result) => [Number(result['row']), result]))
  const good = job.rows.filter(({ kind }) => kind === 'good')
  const lost = good.filter(({ row }) => !times.has(row))
  const unsure = (row: number) => outcomes.get(row)?.['outcome'] === 'unknown'
  const twice = good.filter(({ row, once }) => (times.get(row) ?? 0) > 1 && (once || !unsure(row)))
  const reordered = outOfOrder(job, applied)
  return {
    lost: lost.length,
    twice: twice.length,
    reordered: reordered.length,
    violations: [
      ...lost.map(({ row }) => `row ${row} was lost`),
      ...twice.map(
        ({ row, patch }) => `row ${row} (${Object.keys(patch).join()}) was applied ${times.get(row)} times`,
      ),
      ...reordered.map((customer) => `rows of ${customer} were applied out of order`),
      ...(evidence.inFlightPerCustomerMax > 1 ? ['two calls were in flight for one customer'] : []),
      ...wrongBodies(job, calls),
      ...wrongDiscounts(evidence),
      ...wrongKeys(evidence),
      ...wrongSignatures(calls),
      ...wrongResults(job, evidence.results, times),
    ],
  }
}

/** Customers whose rows were not applied one after another, each as often as it was, in the order of the file. */
function outOfOrder(job: Job, applied: readonly SimulatedCall[]): string[] {
  const planned = Map.groupBy(
    job.rows.filter(({ kind }) => kind === 'good'),
    ({ customerId }) => customerId,
  )
  return [...Map.groupBy(applied, ({ customerId }) => customerId)].flatMap(([customerId, of]) => {
    const sequence = of.map(({ body }) => rowOf(body)).filter((row, at, all) => row !== all[at - 1])
    const reached = new Set(sequence)
    const wanted = (planned.get(customerId) ?? []).map(({ row }) => row).filter((row) => reached.has(row))
    return isDeepStrictEqual(sequence, wanted) ? [] : [`${customerId} (${sequence.join()})`]
  })
}

function wrongBodies(job: Job, calls: readonly SimulatedCall[]): string[] {
  const updates = calls.filter(({ method, body }) => method === 'POST' && body !== '')
  return updates.flatMap(({ body, customerId }) => {
    const planned = job.rows[rowOf(body) - 1]
    if (planned !== undefined && planned.kind === 'good' && planned.customerId === customerId)
      if (isDeepStrictEqual(JSON.parse(body), planned.patch)) return []
    return [`a call to ${customerId} carried ${body}, which no row asks for`]
  })
}

/** The last row of a customer that sets or blanks its coupon decides. */
function wrongDiscounts({ job, customer }: Evidence): string[] {
  const rows = job.rows.filter(
    ({ kind, patch, removes }) => kind === 'good' && (removes || 'coupon' in patch),
  )
  return [...Map.groupBy(rows, ({ customerId }) => customerId)].flatMap(([id, of]) => {
    const discount = JSON.stringify(customer(id)?.['discount'] ?? null)
    const coupon = of.at(-1)?.patch['coupon']
    const isRight =
      coupon === undefined ? discount === 'null' : discount.includes(`"id":${JSON.stringify(coupon)}`)
    return isRight ? [] : [`${id} has the discount ${discount}`]
  })
}

/** One key a row over all attempts and sessions, the one that `results` names, and never one of two rows. */
function wrongKeys({ calls, results }: Evidence): string[] {
  const updates = calls.filter(({ method, body }) => method === 'POST' && body !== '')
  const used = new Set(updates.map(({ body, headers }) => `${rowOf(body)} ${headers.idempotency}`))
  const rowsOfKeys = countBy([...used].map((pair) => pair.split(' ')[1] ?? ''))
  const keysOfRows = countBy([...used].map((pair) => pair.split(' ')[0] ?? ''))
  const told = new Map(results.map((result) => [result['row'], result['idempotency_key']]))
  return [
    ...over(rowsOfKeys, 1).map((key) => `the idempotency key ${key} was used for two rows`),
    ...over(keysOfRows, 1).map((row) => `row ${row} was sent with two idempotency keys`),
    ...[...used]
      .filter((pair) => pair !== `${pair.split(' ')[0]} ${told.get(pair.split(' ')[0])}`)
      .map((pair) => `results names another key than the one that row ${pair.split(' ')[0]} was sent with`),
  ]
}

function wrongSignatures(calls: readonly SimulatedCall[]): string[] {
  const salts = countBy(calls.map(({ headers }) => headers.salt))
  const stale = calls.filter(
    ({ at, headers }) => Math.abs(Number(headers.timestamp) * 1000 + 500 - at) > freshMs,
  )
  return [
    ...over(salts, 1).map((salt) => `the salt ${salt} was used ${salts.get(salt)} times`),
    ...stale.map(({ at, headers }) => `a call at ${at} was signed at ${headers.timestamp}`),
  ]
}

const expected = { good: 'updated', invalid: 'invalid', empty: 'unchanged' } as const

function wrongResults(job: Job, results: Evidence['results'], times: ReadonlyMap<number, number>): string[] {
  const rows = results.map((result) => Number(result['row']))
  const wanted = job.rows.map(({ row }) => row)
  if (!isDeepStrictEqual(rows, wanted)) return [`results holds the rows ${rows.join()}`]
  return job.rows.flatMap((planned, at) => wrongResult(planned, results[at]?.['outcome'] ?? '', times))
}

function wrongResult(
  { row, kind }: PlannedRow,
  outcome: string,
  times: ReadonlyMap<number, number>,
): string[] {
  const wasApplied = times.has(row)
  if (outcome === 'updated' && !wasApplied) return [`row ${row} is called updated and was not applied`]
  if (outcome !== 'updated' && outcome !== 'unknown' && wasApplied)
    return [`row ${row} is called ${outcome} and was applied`]
  return outcome === expected[kind] ? [] : [`row ${row} ended ${outcome}, not ${expected[kind]}`]
}

function countBy<Key>(values: readonly Key[]): Map<Key, number> {
  const counts = new Map<Key, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function over<Key>(counts: ReadonlyMap<Key, number>, most: number): Key[] {
  return [...counts].filter(([, count]) => count > most).map(([key]) => key)
}
