/** Statistics of each column or key: filled, blank, different texts, longest text. */
import { hash } from 'node:crypto'
import type { Assignment } from '../mapping/mapping.ts'
import { splitValue } from '../mapping/targets.ts'
import type { Target } from '../rapyd/customer-fields.ts'
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

/** The plan of a key, which has assignments if what is inside its values has columns too. */
type KeyPlan = ColumnPlan & { readonly assignments?: readonly Assignment[] }

/** Calls `planOf` once for each key, and `planPart` once for each path inside the values of keys. */
export function createNdjsonColumns(
  planOf: (record: JsonObject, key: string) => KeyPlan,
  blanks: ReadonlySet<string>,
  planPart?: (target: Target, whole: Assignment) => KeyPlan,
): Columns {
  const columns = new Map<string, { readonly plan: KeyPlan; readonly column: Column }>()

  function add(name: string, value: JsonValue, makePlan: () => KeyPlan): void {
    if (!columns.has(name) && columns.size < mostKeys) {
      const plan = makePlan()
      columns.set(name, { plan, column: createColumn(plan, mostKeptOfOne, blanks) })
    }
    const known = columns.get(name)
    known?.column.add(toText(value))
    const [whole] = known?.plan.assignments ?? []
    if (whole === undefined || planPart === undefined) return
    for (const part of splitValue(value, whole.target) ?? [])
      if ('target' in part) add(part.target.path, part.value, () => planPart(part.target, whole))
  }

  return {
    add(row) {
      if (row.kind !== 'ndjson') return
      for (const [key, value] of Object.entries(row.record)) add(key, value, () => planOf(row.record, key))
    },
    list: () => [...columns.values()].map(({ column }) => column.report()),
  }
}

function toText(value: JsonValue): string {
  if (typeof value === 'string') return value
  return value === null ? '' : JSON.stringify(value)
}

type Column = ReturnType<typeof createColumn>

/** Counts different texts exactly up to `limit`, which bounds the memory. */
function createColumn(plan: ColumnPlan, limit: number, blanks: ReadonlySet<string>) {
  const texts = new Set<string>()
  let [filled, blank, longest, more] = [0, 0, 0, false]
  return {
    add(text: string): void {
      if (text === '' || blanks.has(text)) {
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
      const { name, fields, blanks: effect, number } = plan
      const numbered = number === undefined ? {} : { number }
      const distinct = { count: texts.size, more }
      return { name, fields, blanks: effect, ...numbered, filled, blank, distinct, longest }
    },
  }
}
