/** What a program may watch of a run, and what a job decides about each row before it is sent. */
import type { Outcome, UpdateRequest } from '../model/row.ts'
import type { JsonObject } from '../model/json.ts'
import type { Send } from '../model/ports.ts'
import type { Scan, UnmatchedName } from '../model/scan.ts'
import type { ProgressSnapshot } from '../report/progress.ts'
import type { RunEvent } from '../report/run-log.ts'

/** What a run or a plan that another secret key has signed would do. */
export interface KeyChange {
  /** `run X`, or `the plan PATH`. */
  readonly what: string
  readonly host: string
  readonly account: string
  readonly rows: number
  /** Paths of the files that are read, and of the folder where files are written. */
  readonly paths: readonly string[]
}

export interface KeyChangeWatch {
  /** Called for a run or a plan that another secret key has signed. True follows it, and signs it anew. */
  readonly onKeyChange?: (change: KeyChange) => Promise<boolean>
}

/** What reading costs before rows with metadata are sent. */
export interface MetadataPrice {
  readonly rows: number
  /** Without the reads. */
  readonly calls: number
  /** With them; undefined if the rate is not limited. */
  readonly etaMs: number | undefined
}

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
  readonly onSnapshot?: (snapshot: ProgressSnapshot) => void
  /**
   * Called with each row of this session when its outcome is durable. Later rows of the customer wait for it. If it throws or rejects,
   * the run stops with LOCAL, E_ON_OUTCOME and the error as `cause`; the row keeps its outcome, and is not notified again.
   */
  readonly onOutcome?: (outcome: Outcome) => void | Promise<void>
  /** Called with what also goes into `run.log`, at every level. Must not throw. */
  readonly onEvent?: (event: RunEvent) => void
}

/** What the library adds to the watch of the caller. */
export interface RunWatch extends Watch {
  /** Wraps every call. */
  readonly around?: (next: Send) => Send
}

export interface PreRead {
  readonly request: UpdateRequest
  /** Undefined if Rapyd does not know the customer. */
  readonly customer: JsonObject | undefined
  /** True if the row may have been sent before: then the customer may hold what it writes. */
  readonly isInDoubt: boolean
}

export interface Allowed {
  readonly request: UpdateRequest
  /** What the row itself changes, if the body was made of the reading. */
  readonly patch?: JsonObject
  /** What is left out of the row, and why. It becomes the message of an `updated` row. */
  readonly leftOut?: Pick<Outcome, 'errorCode' | 'errorField' | 'message'>
}

/** What to send after the customer was read, or the outcome if nothing is sent. Rejects only to stop the run. */
export type Precondition = (read: PreRead) => Promise<Allowed | Outcome>
