/** `summary.json`: the numbers of a run, for programs. Counting takes one pass, and memory that does not grow with the rows. */
import { countEach, countUp } from '../model/collections.ts'
import {
  splitNames,
  messageOfKind,
  needsAttention,
  noOutcomes,
  outcomeKinds,
  takenFields,
  type Outcome,
  type OutcomeKind,
} from '../model/row.ts'
import { findTip, type ErrorCode } from '../model/errors.ts'
import type { MissingColumn, SetAside } from '../model/scan.ts'

export interface Summary extends Totals {
  readonly run_id: string
  /** The run that a redo or a rollback was made of. */
  readonly parent?: { readonly run_id: string }
  /** Only of a rollback. */
  readonly rollback?: RollbackBuckets
  readonly input: {
    readonly path: string
    readonly sha256: string
    readonly rows: number
    readonly bytes: number
  }
  readonly env: string
  readonly host: string
  /** A fingerprint of the access key, never the key. */
  readonly account: string
  readonly started_at: string
  readonly finished_at: string
  readonly rate_limited: number
  /** Answers with texts that were cut, or left out because they are none of their kind; only if there are any. */
  readonly unfit_texts?: number | undefined
  /** Rows by field that was sent and that the answers do not show. */
  readonly unproved?: Readonly<Record<string, number>>
  /** Only with `--only-changed`. */
  readonly sync?: SyncFacts | undefined
  /** Columns of the preset that the file does not have; only if there are any. */
  readonly missing_columns?: readonly MissingColumn[] | undefined
  /** What was left out of the file without a loss; only if there is any. */
  readonly set_aside?: readonly SetAside[] | undefined
  readonly exit_code: number
  /** What to do now. */
  readonly next: string
}

export interface SyncFacts {
  /** The field state at the start: `first` or `known`. */
  readonly state: string
  /** Rows without a change, which are not sent. */
  readonly unchanged: number
  /** Fields that were left out of the rows that were sent. */
  readonly fields_left_out: number
  /** Customers of the last export of this name that are missing from this one. */
  readonly vanished: number
}

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

/** Customers by field, for each thing that a rollback does. */
export interface RollbackBuckets {
  readonly restored: Readonly<Record<string, number>>
  /** Left as they are, because another change came after the run. */
  readonly kept: Readonly<Record<string, number>>
  readonly not_possible: Readonly<Record<string, number>>
}

export function countNeedingAttention(outcomes: Totals['outcomes']): number {
  return outcomeKinds.filter(needsAttention).reduce((sum, kind) => sum + outcomes[kind], 0)
}

/** Milliseconds from the first session's start to the last one's end; NaN if the run has not started. */
export function durationMs({ started_at: started, finished_at: finished }: Summary): number {
  return Date.parse(finished) - Date.parse(started)
}

/** The explanation of each outcome for people, and its style on a terminal. */
export const outcomeLooks = {
  updated: { words: 'confirmed by Rapyd', style: 'green' },
  unchanged: { words: 'nothing to send', style: 'dim' },
  invalid: { words: 'refused here, never sent', style: 'yellow' },
  rejected: { words: 'refused by Rapyd, in whole or in part', style: 'red' },
  failed: { words: 'not applied: no attempt got through', style: 'red' },
  unknown: { words: 'may have been applied: look at these customers', style: 'red' },
  not_attempted: { words: 'the run stopped before them', style: 'yellow' },
} as const satisfies Readonly<Record<OutcomeKind, { readonly words: string; readonly style: string }>>

/** Errors of more kinds than these are counted together, as `E_OTHER`. */
const mostKinds = 1_000
const otherKinds = 'E_OTHER'

/** More names of fields than these are counted together: every row of NDJSON may have other keys of metadata. */
const mostFields = 1_000

export function createTotals() {
  const outcomes = noOutcomes()
  const [changed, cleared] = [new Map<string, number>(), new Map<string, number>()]
  const [kept, impossible] = [new Map<string, number>(), new Map<string, number>()]
  const retries = new Map<string, number>()
  const latencies = new Map<number, number>()
  const errors = new Map<string, ErrorTotal>()
  let [calls, attempts, partly] = [0, 0, 0]

  return {
    add(row: Outcome): void {
      const { outcome, errorCode, errorField } = row
      outcomes[outcome]++
      countEach(cleared, takenFields(row, row.cleared))
      countEach(changed, takenFields(row), mostFields)
      countEach(retries, splitNames(row.retries))
      attempts += row.attempts
      if (row.attempts > 0) {
        calls++
        countUp(latencies, row.latencyMs)
      }
      if (errorCode === 'E_CHANGED_SINCE') countEach(kept, splitNames(errorField), mostFields)
      if (errorCode === 'E_NOT_RESTORABLE') countEach(impossible, splitNames(errorField), mostFields)
      if (outcome === 'updated' && errorCode !== '') partly++
      if (needsAttention(outcome) && errorCode !== '') addError(errors, row, errorCode)
    },
    totals: (): Totals => ({
      outcomes: { ...outcomes },
      cleared: Object.fromEntries(cleared),
      calls,
      attempts,
      retries: Object.fromEntries(retries),
      errors: [...errors.values()].sort(byCount),
      latency_ms: percentiles(latencies),
    }),
    /** Calls by whole milliseconds of their last answer. */
    latencies,
    /** Updated rows by field that they set or cleared. */
    changed,
    /** Of a rollback. */
    buckets: (): RollbackBuckets => ({
      restored: Object.fromEntries(changed),
      kept: Object.fromEntries(kept),
      not_possible: Object.fromEntries(impossible),
    }),
    /** Rows of a rollback of which only a part was restored. */
    get partly() {
      return partly
    },
  }
}

function addError(errors: Map<string, ErrorTotal>, outcome: Outcome, code: ErrorCode): void {
  const { errorField: field, row: example_row } = outcome
  const message = messageOfKind(outcome.message)
  const own = [code, field, message].join('\0')
  const isOther = !errors.has(own) && errors.size >= mostKinds
  const key = isOther ? otherKinds : own
  const first = isOther
    ? { ...others, example_row }
    : { code, field, count: 0, example_row, tip: findTip(code, message), message }
  const found = errors.get(key) ?? first
  errors.set(key, { ...found, count: found.count + 1 })
}

const others = {
  code: otherKinds,
  field: '',
  count: 0,
  tip: 'Look at the rows themselves: `errors` names what is wrong with each.',
  message: `more than ${mostKinds} kinds of error`,
}

/** Most frequent first, `E_OTHER` last. */
function byCount(left: ErrorTotal, right: ErrorTotal): number {
  const isOther = ({ code }: ErrorTotal): number => (code === otherKinds ? 1 : 0)
  return isOther(left) - isOther(right) || right.count - left.count
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
