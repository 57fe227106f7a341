/** What a program may watch of a run, and the middleware around the sending of a row. */
import type { Outcome } from '../model/row.ts'
import type { Send } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import type { MetadataPrice } from './metadata-keys.ts'
import type { UnmatchedName } from '../mapping/column-plans.ts'
import type { ProgressSnapshot } from '../report/progress.ts'
import type { RunEvent } from '../report/run-log.ts'
import type { KeyChangeWatch } from './signed-manifest.ts'

/** The progress of a run, as it is shown. */
export type Snapshot = ProgressSnapshot

export interface Watch extends KeyChangeWatch {
  /** Called after the scan and before anything is sent; throws to refuse, and the run rejects with that error. */
  readonly confirm?: (facts: {
    readonly host: string
    readonly account: string
    readonly scan: Scan
    /** Names of `ignoreColumns` that no column has; always empty for NDJSON. */
    readonly unmatched: readonly UnmatchedName[]
    /** Undefined if no customer is read for its metadata. */
    readonly price: MetadataPrice | undefined
  }) => Promise<void>
  /** Called four times a second and at the beginning of every phase. Must not throw. */
  readonly onSnapshot?: (snapshot: Snapshot) => void
  /**
   * Called with each row of this session when its outcome is durable. Later rows of the customer wait for it. If it throws or rejects,
   * the run stops with LOCAL, E_ON_OUTCOME and the error as `cause`; the row keeps its outcome, and is not notified again.
   */
  readonly onOutcome?: (outcome: Outcome) => void | Promise<void>
  /** Called with what also goes into `run.log`, at every level. Must not throw. */
  readonly onEvent?: (event: RunEvent) => void
}

/** Wraps the sending of a row. */
export interface Middleware {
  /** Requests that it makes for each row on top of the update. */
  readonly extraRequests: number
  readonly wrap: (next: Send) => Send
}

/** What the library adds to the watch of the caller. */
export interface RunWatch extends Watch {
  /** Wraps every call. */
  readonly around?: (next: Send) => Send
}
