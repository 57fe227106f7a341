/** `--fix`: copies the input and fixes cells for which only one fix is possible. Lists the changes in a second file. */
import type { Defect } from './findings.ts'
import {
  isOutcome,
  valueIn,
  type MalformedRow,
  type Place,
  type Row,
  type SourceColumn,
} from '../model/row.ts'
import type { Dialect } from '../input/csv.ts'
import { isMarked } from '../input/header.ts'
import { isList, readStrictJson, type JsonValue } from '../model/json.ts'
import { findFix, type Fix } from '../mapping/fixes.ts'
import { createLocate } from '../mapping/input-columns.ts'
import { columnsOf, createReadRow } from './row-reader.ts'
import type { MappedInput } from './input-parts.ts'
import { csvText, quotedCell } from '../report/escape.ts'
import { splitCells, splitMembers } from '../report/errors.ts'
import { openNewFile } from '../report/output-file.ts'

/** `value` is personal data: it goes into the copy and nowhere else. */
interface FixedValue {
  readonly value: JsonValue
  readonly change: string
}

interface Change extends FixedValue {
  readonly column: SourceColumn
  readonly code: Defect['code']
}

export interface ListedChange extends Omit<Change, 'value'> {
  readonly row: number
  readonly line: number
}

export interface FixedFile {
  readonly path: string
  /** A CSV file of the changes: `row,line,column,name,code,change`. */
  readonly changesPath: string
  readonly cells: number
  /** Rows with a fixed cell, and those of them that are valid now. */
  readonly rows: number
  readonly goodRows: number
  /** The first 100 changes at most. */
  readonly first: readonly ListedChange[]
}

const copiedBytes = 256 * 1024
const mostListed = 100

/** Throws USAGE and LOCAL errors if a file cannot be written. */
export function createFixedCopy(path: string, force: boolean, input: MappedInput) {
  const { file, head, options } = input
  const locate = createLocate(columnsOf(input))
  const readRow = createReadRow(input)
  const nullValues = new Set(options.nullValues)
  const copy = openNewFile(path, force, options.input)
  // Decoding has removed the byte order mark of UTF-16.
  if (head.format === 'csv' && isMarked(file) && file.textStart === 0) copy.write('\ufeff')
  const changesPath = `${path}.changes.csv`
  const list = openNewFile(changesPath, force, options.input)
  list.write('row,line,column,name,code,change\n')
  let waiting: { readonly place: Place; readonly changes: readonly Change[] }[] = []
  let copied = 0
  let [cells, rows, goodRows] = [0, 0, 0]
  const first: ListedChange[] = []

  /** Keeps only those fixes of a row that its rules accept. */
  function fixRow(row: Row, defects: readonly Defect[]) {
    const wanted = new Map<string, Change>()
    for (const defect of defects) {
      const { code, column } = defect
      if (column === undefined) continue
      // Without its fraction, such a postcode would still be wrong.
      if (code === 'W_LOST_ZERO') wanted.delete(columnKey(column))
      const known = wanted.get(columnKey(column))
      const fixed = fixValue(known?.value ?? valueIn(row, column) ?? '', defect.field, (text) => {
        const fix = findFix(defect, text)
        // A blank would clear the field.
        return fix === undefined || fix.text === '' || nullValues.has(fix.text) ? undefined : fix
      })
      if (fixed === undefined) continue
      const changes = new Set([...(known?.change.split(', ') ?? []), fixed.change])
      wanted.set(columnKey(column), { column, code, value: fixed.value, change: [...changes].join(', ') })
    }
    if (wanted.size === 0) return { changes: [], isGood: false }
    const read = readRow(withValues(row, newValues([...wanted.values()])))
    const refused = (isOutcome(read) ? read.problems : undefined) ?? []
    // If the cell is still refused, for whatever reason, the fix was wrong.
    for (const { field } of refused) wanted.delete(columnKey(locate(row, field)))
    const changes = [...wanted.values()]
    return { changes, isGood: refused.length === 0 }
  }

  function listChange({ row, line }: Place, { column, code, change }: Change): void {
    list.write(csvText([[row, line, column.number ?? '', column.name, code, change]]))
    if (first.length < mostListed) first.push({ row, line, column, code, change })
    cells++
  }

  /** Stops at the end of the text. */
  async function copyTo(end: number): Promise<void> {
    while (copied < end) {
      const wanted = Math.min(copiedBytes, end - copied)
      const bytes = await file.read(copied, wanted)
      copy.write(bytes)
      copied += bytes.length
      if (bytes.length < wanted) return
    }
  }

  /** Writes up to the last fixed row. */
  async function flush(): Promise<void> {
    for (const { place, changes } of waiting) {
      await copyTo(place.offset)
      const raw = (await file.read(place.offset, place.length)).toString('utf8')
      const values = newValues(changes)
      copy.write(head.format === 'csv' ? withCells(raw, head.dialect, values) : withMembers(raw, values))
      copied += place.length
      for (const change of changes) listChange(place, change)
    }
    waiting = []
  }

  return {
    /** Fixes what it can in a row with defects. */
    defective(row: Row | MalformedRow, defects: readonly Defect[]): void {
      // A malformed row has no cells.
      if (row.kind === 'malformed') return
      const { changes, isGood } = fixRow(row, defects)
      if (changes.length === 0) return
      rows++
      if (isGood) goodRows++
      waiting.push({ place: row, changes })
    },
    flush,
    /** Copies the rest and moves both files to their paths. */
    async finish(): Promise<FixedFile> {
      await flush()
      await copyTo(Infinity)
      copy.commit()
      list.commit()
      return { path, changesPath, cells, rows, goodRows, first }
    },
    discard(): void {
      copy.discard()
      list.discard()
    },
  }
}

function columnKey(column: SourceColumn | undefined): string {
  return column === undefined ? '' : `${column.number ?? ''} ${column.name}`
}

type FixText = (text: string) => Fix | undefined

/**
 * Fixes a text, or one inside an object or inside the JSON of a text. Returns undefined if no fix is certain. `path` leads from the
 * cell to the value: a text with the same end of a path would have the same defect.
 */
function fixValue(value: JsonValue, field: string, fix: FixText, path = ''): FixedValue | undefined {
  if (typeof value === 'string') {
    const inner = path === '' && /^\s*[[{]/.test(value) ? readStrictJson(value).value : undefined
    if (typeof inner === 'object' && inner !== null) {
      const fixed = fixValue(inner, field, fix)
      return fixed && { ...fixed, value: JSON.stringify(fixed.value) }
    }
    const made = field.endsWith(path) ? fix(value) : undefined
    return made && { value: made.text, change: made.change }
  }
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const fixed = fixValue(member, field, fix, isList(value) ? `${path}[${key}]` : `${path}.${key}`)
    if (fixed === undefined) continue
    const whole = isList(value) ? value.with(Number(key), fixed.value) : { ...value, [key]: fixed.value }
    return { value: whole, change: fixed.change }
  }
  return undefined
}

/** New values by the index of their cell, or by their key in NDJSON. Those of cells are texts. */
type NewValues = ReadonlyMap<string | number, JsonValue>

function newValues(changes: readonly Change[]): NewValues {
  return new Map(
    changes.map(({ column: { name, number }, value }) => [number === undefined ? name : number - 1, value]),
  )
}

function withValues(row: Row, values: NewValues): Row {
  if (row.kind === 'ndjson') return { ...row, record: { ...row.record, ...Object.fromEntries(values) } }
  const cells = row.cells.map((cell, index) => {
    const text = values.get(index)
    return typeof text === 'string' ? text : cell
  })
  return { ...row, cells }
}

function withMembers(record: string, values: NewValues): string {
  const members = (splitMembers(record) ?? []).map(({ key, text }) =>
    values.has(key) ? `${JSON.stringify(key)}:${JSON.stringify(values.get(key))}` : text,
  )
  return `{${members.join(',')}}`
}

/** Replaces cells of a CSV record and keeps the bytes of the others. Expects a record that was read without a problem. */
export function withCells(record: string, { delimiter, escape = '"' }: Dialect, values: NewValues): string {
  return splitCells(record, { delimiter, escape })
    .map((raw, index) => {
      const text = values.get(index)
      if (typeof text !== 'string') return raw
      const quoted = raw.startsWith('"') || text.includes(delimiter) || /["\\\r\n]/.test(text)
      return quoted ? quotedCell(text, escape) : text
    })
    .join(delimiter)
}
