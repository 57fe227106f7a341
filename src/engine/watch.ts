/** What a program may watch of a run, and what stands around the sending of a row. */
import type { Outcome } from '../model/outcome.ts'
import type { Send } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import type { UnmatchedName } from '../mapping/column-plans.ts'
import type { ProgressSnapshot } from '../report/progress.ts'
import type { RunEvent } from '../report/run-log.ts'

/** Where a run stands, as it is shown. */
export type Snapshot = ProgressSnapshot

export interface Watch {
  /** Called after the scan and before anything is sent; throws to refuse, and the run rejects with that error. */
  readonly confirm?: (facts: {
    readonly host: string
    readonly account: string
    readonly scan: Scan
    /** Names of `ignoreColumns` that no column has; for NDJSON none are looked for. */
    readonly unmatched: readonly UnmatchedName[]
  }) => Promise<void>
  /** Called four times a second and at the beginning of every phase. Must not throw. */
  readonly onSnapshot?: (snapshot: Snapshot) => void
  /**
   * Called with each row that gets its outcome, once that is durable: never for a row that an earlier session settled. Waited for: rows of the
   * same customer wait with it, and when as many are waiting as may be in flight, all do. If it throws or rejects, the run stops as
   * after a signal, with LOCAL, E_ON_OUTCOME and the error as its `cause`; the row keeps its outcome and is not told again.
   */
  readonly onOutcome?: (outcome: Outcome) => void | Promise<void>
  /** Called with what also goes into `run.log`, at every level. Must not throw. */
  readonly onEvent?: (event: RunEvent) => void
}

/** Stands around the sending of a row. */
export interface Middleware {
  /** Requests that it makes for each row on top of the update. */
  readonly extraRequests: number
  readonly wrap: (next: Send) => Send
}

/** What the program itself adds to what it was given. */
export interface RunWatch extends Watch {
  /** Goes around every call. */
  readonly around?: (next: Send) => Send
}
