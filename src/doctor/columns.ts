/** What stands in each column of a CSV file, or behind each key of NDJSON: filled, blank, how many different texts, how long. */
import type { JsonObject } from '../domain/json.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import { createDistinct } from './distinct.ts'
import type { Distinct } from './distinct.ts'

export interface ColumnReport {
  readonly name: string
  /** From 1; keys of NDJSON have none. */
  readonly number?: number
  /** Paths of the patch that it goes into; none where it is set aside. */
  readonly fields: readonly string[]
  /** Rows with a text, and rows with a blank. Rows that cannot be read count in neither. */
  readonly filled: number
  readonly blank: number
  /** What the blanks will do. */
  readonly blanks: string
  /** Different texts; exact while `more` is false, else there are more than `count`. */
  readonly distinct: { readonly count: number; readonly more: boolean }
  /** Characters of the longest text. */
  readonly longest: number
}

/** What is known of a column before any row. */
export type ColumnPlan = Pick<ColumnReport, 'name' | 'fields' | 'blanks'>

export interface Columns {
  add(row: Row | MalformedRow): void
  /** In the header's order; keys in the order of their first rows. */
  list(): readonly ColumnReport[]
}

/** What is counted of a column while rows come. */
interface ColumnCount {
  filled: number
  blank: number
  longest: number
  readonly distinct: Distinct
}

/** Texts that are kept for the counts of all columns together. */
const mostKept = 26_000
const mostKeptOfOne = 1_000
/** Keys of NDJSON that are counted; a file with more has a defect that is told otherwise. */
export const mostKeys = 200

function createCount(columns: number): ColumnCount {
  const limit = Math.max(20, Math.min(mostKeptOfOne, Math.floor(mostKept / columns)))
  return { filled: 0, blank: 0, longest: 0, distinct: createDistinct(limit) }
}

function note(count: ColumnCount, text: string, blanks: ReadonlySet<string>): void {
  if (text === '' || (blanks.size > 0 && blanks.has(text))) {
    count.blank++
    return
  }
  count.filled++
  if (text.length > count.longest) count.longest = Math.max(count.longest, charactersOf(text))
  if (!count.distinct.more) count.distinct.add(text)
}

function charactersOf(text: string): number {
  let characters = 0
  for (const _ of text) characters++
  return characters
}

function reportOf(
  { name, fields, blanks }: ColumnPlan,
  { filled, blank, longest, distinct }: ColumnCount,
  number?: number,
): ColumnReport {
  return {
    name,
    fields,
    blanks,
    ...(number === undefined ? {} : { number }),
    filled,
    blank,
    distinct: { count: distinct.count, more: distinct.more },
    longest,
  }
}

/** `blanks`: texts that stand for a blank. */
export function createCsvColumns(plans: readonly ColumnPlan[], blanks: ReadonlySet<string>): Columns {
  const counts = plans.map(() => createCount(plans.length))
  return {
    add(row) {
      if (row.kind !== 'csv') return
      let index = 0
      for (const count of counts) {
        const cell = row.cells[index++]
        if (cell !== undefined) note(count, cell, blanks)
      }
    },
    list: () => plans.flatMap((plan, index) => reportOf(plan, counts[index] ?? createCount(1), index + 1)),
  }
}

/** `planOf` is asked once for each key. */
export function createNdjsonColumns(
  planOf: (record: JsonObject, key: string) => ColumnPlan,
  blanks: ReadonlySet<string>,
): Columns {
  const counts = new Map<string, { readonly plan: ColumnPlan; readonly count: ColumnCount }>()
  return {
    add(row) {
      if (row.kind !== 'ndjson') return
      for (const [key, value] of Object.entries(row.record)) {
        let known = counts.get(key)
        if (known === undefined) {
          if (counts.size >= mostKeys) continue
          known = { plan: planOf(row.record, key), count: createCount(mostKept / mostKeptOfOne) }
          counts.set(key, known)
        }
        const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)
        note(known.count, text, blanks)
      }
    },
    list: () => [...counts.values()].map(({ plan, count }) => reportOf(plan, count)),
  }
}
