/** What the page needs beyond the summary, gathered in the pass that writes `results`: a row that is updated is only counted. */
import { countUp } from '../../model/collections.ts'
import { splitNames } from '../../model/row.ts'
import { needsAttention } from '../../model/outcome.ts'
import type { Outcome } from '../../model/outcome.ts'
import { createAttention } from './attention.ts'
import type { Attention } from './attention.ts'
import type { RowValues } from './row-values.ts'
import { createTimeline } from './timeline.ts'
import type { Timeline } from './timeline.ts'

export interface PageFold {
  /** `record` is the text of a row that needs attention, where it is known. */
  add(outcome: Outcome, record?: string): void
  readonly attention: Attention
  readonly timeline: Timeline
  /** Rows that were updated, by the fields that they set or cleared. */
  readonly changed: ReadonlyMap<string, number>
  /** Calls by whole milliseconds of their last answer. */
  readonly latencies: ReadonlyMap<number, number>
}

/** NDJSON may bring other keys of metadata with every row: more names than these are not told apart. */
const mostFields = 1_000
const otherFields = 'other fields'

/** `values` is for a page that shall show cells. */
export function createPageFold(values?: RowValues): PageFold {
  const attention = createAttention(values)
  const timeline = createTimeline()
  const changed = new Map<string, number>()
  const latencies = new Map<number, number>()
  return {
    add(outcome, record) {
      timeline.add(outcome)
      if (outcome.attempts > 0) countUp(latencies, outcome.latencyMs)
      if (needsAttention(outcome.outcome)) attention.add(outcome, record)
      if (outcome.outcome !== 'updated') return
      for (const name of splitNames(outcome.fields))
        countUp(changed, changed.has(name) || changed.size < mostFields ? name : otherFields)
    },
    attention,
    timeline,
    latencies,
    changed,
  }
}
