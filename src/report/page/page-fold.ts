/** What the page needs beyond the summary, gathered in the pass that writes `results`: a row that is updated is only counted. */
import { needsAttention } from '../../domain/outcome.ts'
import type { Outcome } from '../../domain/outcome.ts'
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
  changed(): ReadonlyMap<string, number>
  /** Calls by whole milliseconds of their last answer. */
  readonly latencies: ReadonlyMap<number, number>
}

/** NDJSON may bring other keys of metadata with every row: more lists, and names, than these are not told apart. */
const mostLists = 1_000
const mostFields = 1_000
const otherFields = 'other fields'

/** `values` is for a page that shall show cells. */
export function createPageFold(values?: RowValues): PageFold {
  const attention = createAttention(values)
  const timeline = createTimeline()
  // Rows of one file mostly have the same fields: their names are counted as one text, and taken apart at the end.
  const fieldLists = new Map<string, number>()
  const fields = new Map<string, number>()
  const latencies = new Map<number, number>()

  function countFields(list: string): void {
    fieldLists.set(list, (fieldLists.get(list) ?? 0) + 1)
    if (fieldLists.size > mostLists) takeApart()
  }

  function takeApart(): void {
    for (const [list, count] of fieldLists) {
      for (const name of list === '' ? [] : list.split(';')) {
        const known = fields.has(name) || fields.size < mostFields ? name : otherFields
        fields.set(known, (fields.get(known) ?? 0) + count)
      }
    }
    fieldLists.clear()
  }

  return {
    add(outcome, record) {
      timeline.add(outcome)
      if (outcome.attempts > 0) latencies.set(outcome.latencyMs, (latencies.get(outcome.latencyMs) ?? 0) + 1)
      if (outcome.outcome === 'updated') countFields(outcome.fields)
      else if (needsAttention(outcome.outcome)) attention.add(outcome, record)
    },
    attention,
    timeline,
    latencies,
    changed() {
      takeApart()
      return fields
    },
  }
}
