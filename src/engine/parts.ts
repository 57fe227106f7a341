/** What the steps of one run share, and what makes one job another. */
import type { Precondition, RunWatch } from './watch.ts'
import type { InputFile } from '../input/bytes.ts'
import type { RecordStart } from '../input/lines.ts'
import type { Head } from '../input/header.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { Prepare, Source } from '../model/ports.ts'
import type { Remote } from '../http/ports.ts'
import type { RunEvent, RunLog } from '../report/run-log.ts'
import type { RunInput } from './run-input.ts'
import type { RunProgress } from './progress.ts'
import type { Scan } from '../model/scan.ts'
import type { JobFacts, RunBinding } from './record.ts'
import type { OnlyChanged } from './open-field-state.ts'
import type { Run, RunKind, Store } from '../model/store.ts'
import type { PipedInput } from '../input/spool.ts'
import type { ScannedInput, InputParts } from '../validation/input-parts.ts'

export interface RunParts {
  readonly options: ResolvedOptions
  readonly watch: RunWatch
  readonly signal: AbortSignal
  readonly remote: Remote
  readonly input: RunInput
  readonly file: InputFile
  readonly head: Head
  readonly store: Store
  readonly runsDir: string
  readonly runId: string
  readonly directory: string
  /** What the run is bound to. */
  readonly binding: RunBinding
  readonly mapping: Mapping
  readonly job: JobDefinition
  readonly scan: Scan
  /** Which keys of metadata rows send. */
  readonly metadataKeys: NonNullable<ResolvedOptions['metadataKeys']>
  /** Rows that another run may have sent, with the time of their last attempt (milliseconds since 1970). */
  readonly parentDoubts: ReadonlyMap<number, number>
  /** The row of another run that each row is, from the first on; undefined if the numbers are the same. */
  readonly lineage: readonly number[] | undefined
  /** Keeps what the next input of this name is compared with; undefined if not asked for, or kept already. */
  readonly keepProfile: ((run: Run) => Promise<void>) | undefined
  /** What is known of customers from earlier runs; undefined if no state is kept. */
  readonly fieldState: OnlyChanged | undefined
  /** All rows, from the first, as `prepare` takes them. */
  readonly openRows: (start?: RecordStart) => Source
  readonly prepare: Prepare
  readonly progress: RunProgress
  readonly log: RunLog
  /** Writes to the log and notifies the watcher. */
  readonly notify: (event: RunEvent) => void
}

/** What makes one job another: its run id, its rows, and what must hold before a row is sent. */
export interface JobDefinition extends JobFacts {
  /** What is read if the input is `-`. Default: standard input of this process. */
  readonly piped?: PipedInput | undefined
  readonly kind: RunKind
  /** Decides about each row after its customer was read. */
  readonly precondition?: Precondition | undefined
  /** Throws if the run is not allowed. */
  readonly runIdOf: (run: UnnamedRun) => Promise<string>
  /** Reads the whole input before anything is sent. */
  readonly scan: (parts: InputParts) => Promise<ScannedRun>
}

/** What the name of a run is made of. */
export interface UnnamedRun extends Pick<RunParts, 'binding' | 'runsDir' | 'store'> {
  /** The run of the account that sent last; empty without one. */
  readonly lastSender: string
}

export interface ScannedRun extends ScannedInput {
  /** Rows that another run may have sent: they are read back first. With the time of their last attempt (ms since 1970). */
  readonly parentDoubts?: ReadonlyMap<number, number>
  /** `--limit` as a row number, if the rows of the run are not numbered from 1 on. */
  readonly limit?: number | undefined
  /** The row of another run that each row is, from the first on. */
  readonly lineage?: readonly number[] | undefined
}
