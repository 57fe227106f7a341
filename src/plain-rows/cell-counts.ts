/** What stands in each column of rows that are counted as bytes: blanks, different texts, and the longest. */
import type { ColumnCount } from '../doctor/columns.ts'
import type { RawRecord } from '../domain/raw-record.ts'
import { charactersIn } from './plain-cell.ts'
import type { PlainCell } from './plain-cell.ts'

/** Blanks alone, which is what every count of fields needs. */
export interface BlankCounts {
  add(record: RawRecord): void
  /** Rows in which a column is blank. */
  readonly blanks: Uint32Array
}

export interface CellCounts extends BlankCounts {
  /** Adds `rows` rows, all that were added, to the counts of the doctor. */
  addTo(counts: readonly ColumnCount[], rows: number): void
}

export function createBlankCounts(columns: number): BlankCounts {
  const blanks = new Uint32Array(columns)
  return {
    blanks,
    add({ starts, ends }) {
      for (let index = 0; index < columns; index++)
        if (starts[index] === ends[index]) blanks[index] = (blanks[index] ?? 0) + 1
    },
  }
}

export function createCellCounts(cells: readonly PlainCell[]): CellCounts {
  const blanks = new Uint32Array(cells.length)
  /** Characters. */
  const longest = new Uint32Array(cells.length)
  /** 1 while different texts are counted. */
  const hasDistinct = new Uint8Array(cells.length).fill(1)

  return {
    blanks,
    add({ bytes, starts, ends, kinds }) {
      for (let index = 0; index < cells.length; index++) {
        const start = starts[index] ?? 0
        const end = ends[index] ?? 0
        if (start === end) {
          blanks[index] = (blanks[index] ?? 0) + 1
          continue
        }
        const kind = kinds[index] ?? 0
        // A text has no more characters than bytes.
        if (end - start > (longest[index] ?? 0))
          longest[index] = Math.max(longest[index] ?? 0, charactersIn(bytes, start, end, kind))
        if (hasDistinct[index] === 1 && cells[index]?.addDistinct(bytes, start, end, kind) === false)
          hasDistinct[index] = 0
      }
    },
    addTo(counts, rows) {
      for (const [index, count] of counts.entries()) {
        const blank = blanks[index] ?? 0
        count.blank += blank
        count.filled += rows - blank
        count.longest = Math.max(count.longest, longest[index] ?? 0)
      }
    },
  }
}
