/** Statistics of each column or key: filled, blank, different texts, longest text. */
import { hash } from 'node:crypto'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { MalformedRow, Row } from '../model/row.ts'

export interface ColumnReport {
  readonly name: string
  /** From 1; keys of NDJSON have none. */
  readonly number?: number
  /** Paths of the patch that it goes into; none if it is set aside. */
  readonly fields: readonly string[]
  /** Rows with a text, and rows with a blank. Malformed rows count in neither. */
  readonly filled: number
  readonly blank: number
  /** What the blanks will do. */
  readonly blanks: string
  /** Different texts: exactly `count`, or more than `count` if `more` is true. */
  readonly distinct: { readonly count: number; readonly more: boolean }
  /** Characters of the longest text. */
  readonly longest: number
}

/** What the mapping says of a column. */
export type ColumnPlan = Pick<ColumnReport, 'name' | 'number' | 'fields' | 'blanks'>

export interface Columns {
  add(row: Row | MalformedRow): void
  /** In the header's order; keys in the order in which they appear. */
  list(): readonly ColumnReport[]
}

/** Texts that are kept to count different ones: of all columns together, and of one. */
const mostKept = 26_000
const mostKeptOfOne = 1_000
/** Of longer texts, only the digest is kept. */
const longestKept = 200
/** Bounds the memory, because every NDJSON row may have its own keys. */
export const mostKeys = 200

/** `blanks` are texts that count as blank. */
export function createCsvColumns(plans: readonly ColumnPlan[], blanks: ReadonlySet<string>): Columns {
  const limit = Math.max(20, Math.min(mostKeptOfOne, Math.floor(mostKept / plans.length)))
  const columns = plans.map((plan, index) => createColumn({ ...plan, number: index + 1 }, limit, blanks))
  return {
    add(row) {
      if (row.kind === 'csv') for (const [index, cell] of row.cells.entries()) columns[index]?.add(cell)
    },
    list: () => columns.map((column) => column.report()),
  }
}

/** Calls `planOf` once for each key. */
export function createNdjsonColumns(
  planOf: (record: JsonObject, key: string) => ColumnPlan,
  blanks: ReadonlySet<string>,
): Columns {
  const columns = new Map<string, Column>()
  return {
    add(row) {
      if (row.kind !== 'ndjson') return
      for (const [key, value] of Object.entries(row.record)) {
        if (!columns.has(key) && columns.size < mostKeys)
          columns.set(key, createColumn(planOf(row.record, key), mostKeptOfOne, blanks))
        columns.get(key)?.add(toText(value))
      }
    },
    list: () => [...columns.values()].map((column) => column.report()),
  }
}

function toText(value: JsonValue): string {
  if (typeof value === 'string') return value
  return value === null ? '' : JSON.stringify(value)
}

interface Column {
  add(text: string): void
  report(): ColumnReport
}

/** Counts different texts exactly up to `limit`, which bounds the memory. */
function createColumn(plan: ColumnPlan, limit: number, blanks: ReadonlySet<string>): Column {
  const texts = new Set<string>()
  let [filled, blank, longest, more] = [0, 0, 0, false]
  return {
    add(text) {
      if (text === '' || blanks.has(text)) {
        blank++
        return
      }
      filled++
      if (text.length > longest) longest = Math.max(longest, countCharacters(text))
      if (more) return
      const key = text.length > longestKept ? hash('sha1', text) : text
      if (texts.has(key)) return
      if (texts.size >= limit) more = true
      else texts.add(key)
    },
    report() {
      const { name, fields, blanks: effect, number } = plan
      const numbered = number === undefined ? {} : { number }
      const distinct = { count: texts.size, more }
      return { name, fields, blanks: effect, ...numbered, filled, blank, distinct, longest }
    },
  }
}

function countCharacters(text: string): number {
  let characters = 0
  for (const _ of text) characters++
  return characters
}
