/** `summary.json`: how a run went, for programs. */
import { join } from 'node:path'
import type { OutcomeKind } from '../model/outcome.ts'
import { writeOutputFile } from './output-file.ts'
import type { RollbackBuckets } from './rollback-fold.ts'
import type { Totals } from './totals.ts'

export interface RunFacts {
  readonly run_id: string
  /** The run whose rows a redo sends again, or that a rollback takes back. */
  readonly parent?: { readonly run_id: string }
  /** Of a rollback. */
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
  /** With `--only-changed`. */
  readonly sync?: SyncFacts
  readonly exit_code: number
  /** What to do now. */
  readonly next: string
}

export interface SyncFacts {
  /** What was found of the state: `first`, `known` or `rebuilt`. */
  readonly state: string
  /** Rows that had nothing new, and so no call. */
  readonly unchanged: number
  /** Fields that were left out of the calls that were made. */
  readonly fields_left_out: number
  /** Customers that the last export of this name held and this one does not. */
  readonly vanished: number
}

export type Summary = RunFacts & Totals

/** Puts a summary together in the order in which it is documented, which is the order of the file's keys. */
export function summaryOf(facts: RunFacts, totals: Totals): Summary {
  const { rate_limited, sync, exit_code, next, ...first } = facts
  const { outcomes, cleared, calls, attempts, retries, errors, latency_ms } = totals
  const counts = { outcomes, cleared, calls, attempts, rate_limited, retries, errors, latency_ms }
  return { ...first, ...counts, ...(sync === undefined ? {} : { sync }), exit_code, next }
}

export function writeSummary(directory: string, summary: Summary): void {
  writeOutputFile(join(directory, 'summary.json'), [`${JSON.stringify(summary, undefined, 2)}\n`])
}

/** How an outcome is explained to people, and in which style a terminal shows it. */
export const outcomeLooks = {
  updated: { words: 'confirmed by Rapyd', style: 'green' },
  unchanged: { words: 'nothing to send', style: 'dim' },
  invalid: { words: 'refused here, never sent', style: 'yellow' },
  rejected: { words: 'refused by Rapyd', style: 'red' },
  failed: { words: 'not applied: no attempt got through', style: 'red' },
  unknown: { words: 'may have been applied: look at these customers', style: 'red' },
  not_attempted: { words: 'the run stopped before them', style: 'yellow' },
} as const satisfies Readonly<Record<OutcomeKind, { readonly words: string; readonly style: string }>>
