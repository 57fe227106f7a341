/** `--fix`: copies the input and fixes cells for which only one fix is possible. Lists the changes in a second file. */
import { cellIn } from './checks.ts'
import type { Defect } from './checks.ts'
import type { Problem } from '../model/errors.ts'
import type { MalformedRow, Place, Row, SourceColumn } from '../model/row.ts'
import type { Dialect } from '../input/csv.ts'
import { isMarked } from '../input/header.ts'
import { findFix } from '../mapping/fixes.ts'
import { createLocate, createReadRow } from './row-reader.ts'
import type { MappedInput } from './row-reader.ts'
import { csvText, quotedCell } from '../report/escape.ts'
import { splitCells, splitMembers } from '../report/errors.ts'
import { openNewFile } from '../report/output-file.ts'

/** One fixed cell. `text` is personal data: it goes into the copy and nowhere else. */
interface Change {
  readonly column: SourceColumn
  readonly code: Defect['code']
  readonly change: string
  readonly text: string
}

export interface ListedChange extends Omit<Change, 'text'> {
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

export interface FixedCopy {
  /** Fixes what it can in a row with defects. */
  defective(row: Row | MalformedRow, defects: readonly Defect[]): void
  /** Writes up to the last fixed row. */
  flush(): Promise<void>
  /** Copies the rest and moves both files to their paths. */
  finish(): Promise<FixedFile>
  discard(): void
}

const copiedBytes = 256 * 1024
const mostListed = 100

/** Throws USAGE and LOCAL errors if a file cannot be written. */
export function createFixedCopy(path: string, force: boolean, input: MappedInput): FixedCopy {
  const { file, head, options } = input
  const locate = createLocate(input)
  const readRow = createReadRow(input)
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
    const possible = defects.flatMap((defect): Change[] => {
      const { code, column } = defect
      const fix = findFix(defect, cellIn(row, column) ?? '')
      return column === undefined || fix === undefined ? [] : [{ column, code, ...fix }]
    })
    // Of two fixes of one cell the last one counts: errors follow the warnings about texts.
    const wanted = [...new Map(possible.map((change) => [columnKey(change.column), change])).values()]
    if (wanted.length === 0) return { changes: [], isGood: false }
    let refused: readonly Problem[] = []
    readRow(withTexts(row, newTexts(wanted)), (found) => {
      refused = found
    })
    // If the cell is still refused, for whatever reason, the fix was wrong.
    const places = new Set(refused.map(({ field }) => columnKey(locate(row, field))))
    const changes = wanted.filter(({ column }) => !places.has(columnKey(column)))
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

  async function flush(): Promise<void> {
    for (const { place, changes } of waiting) {
      await copyTo(place.offset)
      const raw = (await file.read(place.offset, place.length)).toString('utf8')
      const texts = newTexts(changes)
      copy.write(head.format === 'csv' ? withCells(raw, head.dialect, texts) : withMembers(raw, texts))
      copied += place.length
      for (const change of changes) listChange(place, change)
    }
    waiting = []
  }

  return {
    defective(row, defects) {
      // A malformed row has no cells.
      if (row.kind === 'malformed') return
      const { changes, isGood } = fixRow(row, defects)
      if (changes.length === 0) return
      rows++
      if (isGood) goodRows++
      const { line, offset, length } = row
      waiting.push({ place: { row: row.row, line, offset, length }, changes })
    },
    flush,
    async finish() {
      await flush()
      await copyTo(Infinity)
      copy.commit()
      list.commit()
      return { path, changesPath, cells, rows, goodRows, first }
    },
    discard() {
      copy.discard()
      list.discard()
    },
  }
}

function columnKey(column: SourceColumn | undefined): string {
  return column === undefined ? '' : `${column.number ?? ''} ${column.name}`
}

/** New texts by the index of their cell, or by their key in NDJSON. */
type Texts = ReadonlyMap<string | number, string>

function newTexts(changes: readonly Change[]): Texts {
  return new Map(
    changes.map(({ column: { name, number }, text }) => [number === undefined ? name : number - 1, text]),
  )
}

function withTexts(row: Row, texts: Texts): Row {
  return row.kind === 'csv'
    ? { ...row, cells: row.cells.map((cell, index) => texts.get(index) ?? cell) }
    : { ...row, record: { ...row.record, ...Object.fromEntries(texts) } }
}

function withMembers(record: string, texts: Texts): string {
  const members = (splitMembers(record) ?? []).map(({ key, text }) =>
    texts.has(key) ? `${JSON.stringify(key)}:${JSON.stringify(texts.get(key))}` : text,
  )
  return `{${members.join(',')}}`
}

/** Replaces cells of a CSV record and keeps the bytes of the others. Expects a record that was read without a problem. */
export function withCells(record: string, { delimiter, escape = '"' }: Dialect, texts: Texts): string {
  return splitCells(record, { delimiter, escape })
    .map((raw, index) => {
      const text = texts.get(index)
      if (text === undefined) return raw
      const quoted = raw.startsWith('"') || text.includes(delimiter) || /["\\\r\n]/.test(text)
      return quoted ? quotedCell(text, escape) : text
    })
    .join(delimiter)
}
