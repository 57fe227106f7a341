/** What `run.log` says of a run as it begins: what it works on, and the options that decide what it does. */
import type { OutcomeKind } from '../model/outcome.ts'
import type { Scan } from '../model/scan.ts'
import type { RunStarted } from '../report/run-events.ts'
import type { RunParts } from './parts.ts'
import { version } from '../config/system.ts'

/** `settled` are the rows that have an outcome from earlier sessions. */
export function startOf(
  { options, remote, runId }: RunParts,
  { rows, calls }: Scan,
  settled: ReadonlyMap<OutcomeKind, number>,
): RunStarted {
  return {
    kind: 'started',
    run: runId,
    version,
    env: options.env,
    host: remote.host,
    account: remote.account,
    rows,
    calls,
    settled: settled.values().reduce((sum, settledRows) => sum + settledRows, 0),
    // Only options without a text of the user's own: names of columns and files, and literals, stay out.
    options: {
      windows: remote.windows.map(({ limit, perMs }) => `${limit}/${perMs}ms`).join(','),
      concurrency: options.concurrency,
      blank: options.blank,
      duplicates: options.duplicates,
      mapping_file: options.map !== undefined,
      max_errors: options.maxErrors,
      max_clears: options.maxClears,
      strict: options.strict,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
    },
  }
}
