/** What makes one kind of run another: an update, a redo, a plan that is applied, a rollback. */
import type { PipedInput } from '../input/spool.ts'
import type { CheckedInput, InputParts, Watched } from '../validation/scan.ts'
import type { Judge } from './looks.ts'
import type { PlannedFacts, RedoFacts, RollbackFacts } from './parts.ts'

/** Its name, which rows it has, and what it asks of a customer before it sends. */
export interface RunKind {
  /** What is read where the input is `-`. Default: standard input of this process. */
  readonly piped?: PipedInput | undefined
  readonly redo: RedoFacts | undefined
  readonly planned?: PlannedFacts | undefined
  readonly rollback?: RollbackFacts | undefined
  readonly judge?: Judge | undefined
  /**
   * `facts` is what the journal is bound to, `lastSender` the run of the account that sent last, where a sync state is kept.
   * Throws where such a run must not be.
   */
  readonly runIdOf: (
    facts: Readonly<Record<string, string>>,
    runsDir: string,
    lastSender: string | undefined,
  ) => string
  readonly check: (parts: InputParts, watched: Watched) => Promise<CheckedRun>
}

export interface CheckedRun extends CheckedInput {
  /** Rows that another run may have sent: they are read back first. With the time of their last attempt (ms since 1970). */
  readonly asked?: ReadonlyMap<number, number>
  /** `--limit` as a row number, where the rows of the run are not numbered from 1 on. */
  readonly limit?: number | undefined
  /** The row of another run that each row is, from the first on. */
  readonly lineage?: readonly number[] | undefined
}
