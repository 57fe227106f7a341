/** Folds outcomes into the numbers of the summary: one pass, memory that does not grow with the rows. */
import { errorTips } from '../model/errors.ts'
import { countEach, countUp } from '../model/collections.ts'
import { splitNames, messageOfKind } from '../model/row.ts'
import { needsAttention, noOutcomes } from '../model/outcome.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'

export interface ErrorTotal {
  readonly code: string
  readonly field: string
  readonly count: number
  readonly example_row: number
  readonly tip: string
  readonly message: string
}

export interface Totals {
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
  readonly cleared: Readonly<Record<string, number>>
  readonly calls: number
  readonly attempts: number
  readonly retries: Readonly<Record<string, number>>
  readonly errors: readonly ErrorTotal[]
  readonly latency_ms: {
    readonly p50: number
    readonly p90: number
    readonly p99: number
    readonly max: number
  }
}

export interface TotalsFold {
  add(outcome: Outcome): void
  totals(): Totals
}

/** More kinds of error than this are not told apart but counted together, under `E_OTHER`. */
const mostKinds = 1_000
const otherKinds = 'E_OTHER'

export function createTotals(): TotalsFold {
  const outcomes = noOutcomes()
  const cleared = new Map<string, number>()
  const retries = new Map<string, number>()
  const latencies = new Map<number, number>()
  const errors = new Map<string, ErrorTotal>()
  let [calls, attempts] = [0, 0]

  return {
    add(outcome) {
      outcomes[outcome.outcome]++
      if (outcome.outcome === 'updated') countEach(cleared, splitNames(outcome.cleared))
      countEach(retries, splitNames(outcome.retries))
      attempts += outcome.attempts
      if (outcome.attempts > 0) {
        calls++
        countUp(latencies, outcome.latencyMs)
      }
      if (needsAttention(outcome.outcome) && outcome.errorCode !== '')
        addError(errors, outcome, outcome.errorCode)
    },
    totals: () => ({
      outcomes: { ...outcomes },
      cleared: Object.fromEntries(cleared),
      calls,
      attempts,
      retries: Object.fromEntries(retries),
      errors: [...errors.values()].sort(byCount),
      latency_ms: percentiles(latencies),
    }),
  }
}

function addError(errors: Map<string, ErrorTotal>, outcome: Outcome, code: keyof typeof errorTips): void {
  const { errorField: field, row } = outcome
  const message = messageOfKind(outcome.message)
  const key = [code, field, message].join('\0')
  const found = errors.get(key)
  if (found !== undefined) errors.set(key, { ...found, count: found.count + 1 })
  else if (errors.size < mostKinds)
    errors.set(key, { code, field, count: 1, example_row: row, tip: errorTips[code], message })
  else {
    const other = errors.get(otherKinds)
    errors.set(otherKinds, {
      code: otherKinds,
      field: '',
      count: (other?.count ?? 0) + 1,
      example_row: other?.example_row ?? row,
      tip: 'Look at the rows themselves: `errors` names what is wrong with each.',
      message: `more than ${mostKinds} kinds of error`,
    })
  }
}

/** Most frequent first; what is not told apart comes last. */
function byCount(left: ErrorTotal, right: ErrorTotal): number {
  if (left.code === otherKinds) return 1
  if (right.code === otherKinds) return -1
  return right.count - left.count
}

/** Nearest-rank percentiles over whole milliseconds. */
function percentiles(counts: ReadonlyMap<number, number>): Totals['latency_ms'] {
  const sorted = [...counts].sort(([left], [right]) => left - right)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  const at = (share: number): number => {
    let seen = 0
    for (const [ms, count] of sorted) {
      seen += count
      if (seen >= share * total) return ms
    }
    return 0
  }
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1)?.[0] ?? 0 }
}
