/** Statistics of each column or key: filled, blank, different texts, longest text. */
import { hash } from 'node:crypto'
import type { CellRules } from '../mapping/cells.ts'
import type { ColumnsOf, InputColumn } from '../mapping/headers.ts'
import { describeColumn } from '../mapping/input-columns.ts'
import { assignmentInside, type Assignment } from '../mapping/mapping.ts'
import { splitValue } from '../mapping/targets.ts'
import type { JsonValue } from '../model/json.ts'
import { valueIn, type MalformedRow, type Row } from '../model/row.ts'

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

export interface Columns {
  add(row: Row | MalformedRow): void
  /** In the header's order; keys in the order in which they appear. */
  list(): readonly ColumnReport[]
}

/** Texts that are kept to count different ones: of all columns together, and of one. */
const mostKept = 26_000
const mostKeptOfOne = 1_000
/** For longer texts, only the digest is kept. */
const longestKept = 200
/** Bounds the memory, because every NDJSON row may have its own keys. */
export const mostKeys = 200

/** Counts the cells of a header's columns (none for NDJSON), or the values of keys and what is inside them. */
export function createColumns(columnsOf: ColumnsOf, rules: CellRules): Columns {
  const header = columnsOf()
  const isCsv = header.length > 0
  const limit = isCsv ? Math.max(20, Math.floor(mostKept / header.length)) : mostKeptOfOne
  const counted = new Map<string | number, Column>()

  function counterOf(column: InputColumn): Column | undefined {
    const key = column.number ?? column.name
    const known = counted.get(key)
    if (known !== undefined || (!isCsv && counted.size >= mostKeys)) return known
    const made = createColumn(column, Math.min(mostKeptOfOne, limit), rules)
    counted.set(key, made)
    return made
  }

  function addInside(value: JsonValue, [whole]: readonly Assignment[]): void {
    if (whole === undefined) return
    for (const part of splitValue(value, whole.target) ?? [])
      if ('target' in part) {
        const assignments = [assignmentInside(part.target, whole)]
        counterOf({ name: part.target.path, isId: false, assignments })?.add(toText(part.value))
        addInside(part.value, assignments)
      }
  }

  header.forEach(counterOf)
  return {
    add(row) {
      for (const column of columnsOf(row)) {
        const value = valueIn(row, column)
        if (value === undefined) continue
        counterOf(column)?.add(toText(value))
        if (typeof value === 'object') addInside(value, column.assignments)
      }
    },
    list: () => [...counted.values()].map((column) => column.report()),
  }
}

function toText(value: JsonValue): string {
  if (typeof value === 'string') return value
  return value === null ? '' : JSON.stringify(value)
}

type Column = ReturnType<typeof createColumn>

/** Counts different texts exactly up to `limit`, which bounds the memory. */
function createColumn(column: InputColumn, limit: number, rules: CellRules) {
  const texts = new Set<string>()
  let [filled, blank, longest, more] = [0, 0, 0, false]
  return {
    add(text: string): void {
      if (text === '' || rules.nullValues.has(text)) {
        blank++
        return
      }
      filled++
      if (text.length > longest) longest = Math.max(longest, Array.from(text).length)
      if (more) return
      const key = text.length > longestKept ? hash('sha1', text) : text
      if (texts.has(key)) return
      if (texts.size >= limit) more = true
      else texts.add(key)
    },
    report(): ColumnReport {
      const { name, number } = column
      const numbered = number === undefined ? {} : { number }
      const distinct = { count: texts.size, more }
      return { name, ...describeColumn(column, rules), ...numbered, filled, blank, distinct, longest }
    },
  }
}
