/**
 * Intents ahead: with outcomes go to disk the intents of as many rows that come later, so that the row that takes the place of
 * one that is done needs no commit of its own. Those that nobody has come to yet count, so rows that wait in their lanes
 * don't make them grow: after a crash no more rows are in doubt than may be under way at a time.
 */
import { createRowSet } from '../domain/row-set.ts'

export interface Ahead {
  /** The number of the last row that may be sent. All numbers up to it have to be rows of the run. */
  readonly lastRow: number
  /** False for a row that has an outcome, or has to be looked up before it may have an intent of this session. */
  readonly isOpen: (row: number) => boolean
}

export interface IntentsAhead {
  /** The rows whose intents go to disk with the outcomes of so many calls. */
  next(outcomes: number): readonly number[]
  /** A row's turn has come, with an intent or without. */
  reached(row: number): void
  /** Gives the rows with an intent that were not reached; from now on there are none ahead. */
  end(): readonly number[]
}

export function createIntentsAhead({ lastRow, isOpen }: Ahead): IntentsAhead {
  const ahead = createRowSet()
  /** Behind it no row has an intent or was reached. */
  let mark = 0
  let isOver = false

  return {
    next(outcomes) {
      if (isOver) return []
      const rows: number[] = []
      while (ahead.size < outcomes && mark < lastRow) {
        mark++
        if (!isOpen(mark)) continue
        rows.push(mark)
        ahead.add(mark)
      }
      return rows
    },
    reached(row) {
      ahead.delete(row)
      mark = Math.max(mark, row)
    },
    end() {
      isOver = true
      const rows: number[] = []
      for (let row = 1; row <= mark && rows.length < ahead.size; row++) if (ahead.has(row)) rows.push(row)
      return rows
    },
  }
}
