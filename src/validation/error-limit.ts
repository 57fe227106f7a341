/** `--max-errors`: when so many rows end not updated that going on would do harm. */
import type { OutcomeKind } from '../model/outcome.ts'

export type ErrorLimit = { readonly rows: number } | { readonly percent: number }

/** A percentage counts from this many rows, so that one bad row among the first ten stops nothing. */
export const leastRows = 100

/** The most errors allowed among `rows` rows. */
export function allowedErrors(limit: ErrorLimit, rows: number): number {
  return 'rows' in limit ? limit.rows : (limit.percent / 100) * Math.max(leastRows, rows)
}

export interface Threshold {
  /** Counts an outcome; true when the limit is passed with it. */
  passed(kind: OutcomeKind): boolean
}

/**
 * Counts rows of this session that Rapyd refused or that did not get through. Rows that are invalid here were judged
 * over the whole file before the first call, and rows behind a bad one of their customer are its consequence.
 */
export function createThreshold(limit: ErrorLimit): Threshold {
  let rows = 0
  let errors = 0
  return {
    passed(kind) {
      rows++
      if (kind === 'rejected' || kind === 'failed' || kind === 'unknown') errors++
      return errors > allowedErrors(limit, rows)
    },
  }
}
