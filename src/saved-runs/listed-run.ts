/** What `runs` shows of a run, and what its `--json` prints. */
import type { OutcomeKind } from '../domain/outcome.ts'

/**
 * `running`: a process is in it. `open`: not finished, and nobody is. `broken`: its journal cannot be read. `plan`: no run, but
 * what `plan` has left there.
 */
export type RunState = 'running' | 'open' | 'finished' | 'broken' | 'plan'

export interface ListedRun {
  readonly run_id: string
  readonly directory: string
  readonly state: RunState
  /** Of the input; 0 where the journal does not say. */
  readonly rows: number
  /** Rows that have an outcome, by outcome. */
  readonly outcomes: Readonly<Partial<Record<OutcomeKind, number>>>
  /** ISO 8601; empty where nothing was sent yet. */
  readonly started_at: string
  readonly finished_at: string
  readonly changed_at: string
  readonly host: string
  readonly account: string
  /** The run that it sends rows of again, where it is a redo. */
  readonly parent?: string
  /** The run that it takes back, where it is a rollback. */
  readonly rolled_back?: string
  /** The last rollback of it, where one has sent anything: an open run goes on no more. */
  readonly rolled_back_by?: string
  /** The plan that it sends, where it sends one. */
  readonly plan?: string
  /** Of a plan: the run that sends it. */
  readonly applied_by?: string
  /** The listed plan that it needs: its own, or its input is kept there. */
  readonly plan_id?: string
  /** The command to go on with; empty where nothing is left to do. */
  readonly next: string
  /** What is wrong with a `broken` one. */
  readonly problem?: string
}
