/** Counts the progress of a run: snapshots for the watcher, events for the log. */
import {
  isOutcome,
  needsAttention,
  noOutcomes,
  type MalformedRow,
  type PatchedRow,
  type Row,
  type Outcome,
  type OutcomeKind,
} from '../model/row.ts'
import { countUp } from '../model/collections.ts'
import type { Clock } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { createPace } from '../report/pace.ts'
import type { ProgressSnapshot } from '../report/progress.ts'
import { toRowEvent, type RunEvent } from '../report/run-log.ts'
import type { Window } from '../model/store.ts'

export interface ProgressParts {
  readonly clock: Pick<Clock, 'now' | 'wall'>
  readonly onSnapshot: (snapshot: ProgressSnapshot) => void
  readonly onEvent: (event: RunEvent) => void
}

export interface SendingFacts {
  readonly scan: Scan
  /** `--limit`. */
  readonly limit: number | undefined
  /** Rows that earlier sessions of the run settled, by outcome, and those that need attention by error code. */
  readonly settled: ReadonlyMap<OutcomeKind, number>
  readonly errors: ReadonlyMap<string, number>
  /** The reserve taken off. */
  readonly windows: readonly Window[]
  readonly pausedForMs: () => number
  /** 2 if customers are read before they are updated. Default 1. */
  readonly requestsPerCall?: number
}

export type RunProgress = ReturnType<typeof createRunProgress>

const snapshotEveryMs = 250
const progressEventEveryMs = 10_000

/**
 * States: checking, quiet (from the end of the scan, because the user may be asked a question), sending, reporting,
 * stopped. Each method that names one begins it.
 */
export function createRunProgress({ clock, onSnapshot, onEvent }: ProgressParts) {
  let phase: ProgressSnapshot['phase'] = 'checking'
  let [outcomes, errors] = [noOutcomes(), new Map<string, number>()]
  let [rows, done, requests, calls, callsLeft, perCall] = [0, 0, 0, 0, 0, 1]
  let pace = createPace([])
  let pausedForMs = noPause
  let loggedAt = clock.now()
  let isQuiet = false
  const timer = setInterval(tick, snapshotEveryMs)

  function count({ outcome, errorCode }: Pick<Outcome, 'outcome' | 'errorCode'>): void {
    outcomes[outcome]++
    if (errorCode !== '' && needsAttention(outcome)) countUp(errors, errorCode)
  }

  function note(): void {
    // While the file is checked, the rows that are read are the pace.
    const measured = phase === 'checking' ? done : calls
    pace.note(clock.now(), { requests, calls: measured, pausedForMs: pausedForMs() })
  }

  function show(): void {
    note()
    const paused = pausedForMs()
    onSnapshot({
      phase,
      rows,
      done,
      outcomes: { ...outcomes },
      calls: requests,
      windows: pace.windows,
      ratePerSecond: pace.ratePerSecond,
      etaMs: phase === 'sending' ? pace.etaMs(callsLeft, perCall) : undefined,
      ...(paused > 0 ? { pausedUntil: clock.wall() + paused } : {}),
      errors: new Map(errors),
    })
  }

  function tick(): void {
    if (isQuiet) return
    show()
    if (phase !== 'sending' || clock.now() - loggedAt < progressEventEveryMs) return
    loggedAt = clock.now()
    onEvent({
      kind: 'progress',
      rows,
      done,
      calls: requests,
      outcomes: { ...outcomes },
      errors: Object.fromEntries(errors),
    })
  }

  return {
    checking(): void {
      onEvent({ kind: 'checking' })
      show()
    },
    /** Counts a row of the scan. */
    row(_: Row | MalformedRow, read: PatchedRow | Outcome): void {
      done++
      if (isOutcome(read) && read.outcome !== 'unchanged') count(read)
    },
    checked(): void {
      show()
      isQuiet = true
    },
    sending(facts: SendingFacts): void {
      const { settled, errors: earlier, windows } = facts
      perCall = facts.requestsPerCall ?? 1
      phase = 'sending'
      isQuiet = false
      outcomes = { ...noOutcomes(), ...Object.fromEntries(settled) }
      errors = new Map(earlier)
      ;({ done, rows, callsLeft } = countLeft(facts))
      pace = createPace(windows)
      pausedForMs = facts.pausedForMs
      loggedAt = clock.now()
      note()
      const etaMs = pace.etaMs(callsLeft, perCall)
      onEvent({ kind: 'sending', calls: Math.round(callsLeft * perCall), windows, etaMs })
      show()
    },
    /** Requests of rows that are not settled yet. */
    get callsLeft(): number {
      return Math.round(callsLeft * perCall)
    },
    /** An HTTP request is made. */
    requested: (): void => void requests++,
    /** HTTP requests of this session. */
    get requests(): number {
      return requests
    },
    /** A row has an outcome, and it is durable. */
    settled(outcome: Outcome): void {
      done++
      count(outcome)
      if (needsACall(outcome.outcome)) {
        calls++
        callsLeft = Math.max(0, callsLeft - 1)
      }
      if (needsAttention(outcome.outcome)) onEvent(toRowEvent(outcome))
    },
    reporting(): void {
      phase = 'reporting'
      isQuiet = false
      onEvent({ kind: 'reporting' })
      show()
    },
    /** Ends the snapshots. Must be called when a run is over, however it ended. */
    stop: (): void => clearInterval(timer),
  }
}

function countLeft({ scan, limit = Infinity, settled }: SendingFacts) {
  let [done, called] = [0, 0]
  for (const [kind, times] of settled) {
    done += times
    if (needsACall(kind)) called += times
  }
  const rows = Math.max(done, Math.min(limit, scan.rows))
  return { done, rows, callsLeft: Math.min(Math.max(0, scan.calls - called), rows - done) }
}

const noPause = (): number => 0

/** Outcomes of rows that the scan counted among those with a call. */
function needsACall(kind: OutcomeKind): boolean {
  return kind !== 'invalid' && kind !== 'unchanged'
}
