/**
 * Dates with the month first pass for dates with the day first up to the twelfth of a month. Where a column has some that can
 * only be read month first, the others are in doubt.
 */
import type { RowPlace } from './findings.ts'

export interface DateOrder {
  /** The day and the month of a date that the rules have taken. */
  taken(day: number, month: number, place: RowPlace): void
  /** A cell that they have refused. */
  refused(cell: string): void
  /** The rows whose dates may be turned round: how many, and the first of them. */
  doubtful(): { readonly rows: number; readonly places: readonly RowPlace[] }
}

const mostPlaces = 5

export function createDateOrder(): DateOrder {
  const places: RowPlace[] = []
  let [ambiguous, monthFirst] = [0, 0]
  return {
    taken(day, month, { row, line }) {
      if (day > 12 || day === month) return
      ambiguous++
      if (places.length < mostPlaces) places.push({ row, line })
    },
    refused(cell) {
      const [, first, second] = /^(\d{1,2})\/(\d{1,2})\/\d{4}$/.exec(cell) ?? []
      if (Number(first) <= 12 && Number(second) > 12 && Number(second) <= 31) monthFirst++
    },
    doubtful: () => (monthFirst === 0 ? { rows: 0, places: [] } : { rows: ambiguous, places }),
  }
}
