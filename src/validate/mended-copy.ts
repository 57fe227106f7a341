/**
 * `--fix`: a copy of the input in which cells are mended where the remedy is certain, and a list of the changes beside it.
 * Everything else is copied byte for byte.
 */
import { withCells } from '../doctor/raw-cells.ts'
import type { Problem } from '../domain/problem.ts'
import type { MalformedRow, Place, Row } from '../domain/row.ts'
import type { InputFile } from '../input/bytes.ts'
import { isMarked } from '../input/header.ts'
import type { Head } from '../input/header.ts'
import { isRefusedRow, mendRow } from './mend-row.ts'
import type { Change, MendParts } from './mend-row.ts'
import { openNewFile } from '../report/output-file.ts'
import { csvText } from '../report/csv-text.ts'
import { splitMembers } from '../report/json-members.ts'

/** A change without the text, which is personal data. */
export interface ListedChange extends Omit<Change, 'text'> {
  readonly row: number
  readonly line: number
}

export interface MendedFile {
  readonly path: string
  /** Where each change stands: `row,line,column,name,code,change`. */
  readonly changesPath: string
  readonly cells: number
  /** Rows in which something was mended, and those of them that are good now. */
  readonly rows: number
  readonly goodRows: number
  /** The first changes, at most a hundred. */
  readonly first: readonly ListedChange[]
}

export interface MendedCopy {
  /** A row with its problems. */
  refused(row: Row | MalformedRow, problems: readonly Problem[]): void
  /** Writes what has come up to now. */
  flush(): Promise<void>
  /** Copies the rest and puts both files in their places. */
  finish(): Promise<MendedFile>
  discard(): void
}

interface Waiting {
  readonly place: Place
  readonly changes: readonly Change[]
}

const copiedBytes = 256 * 1024
const mostListed = 100

export function createMendedCopy(
  path: string,
  force: boolean,
  input: string,
  parts: MendParts & { readonly file: InputFile; readonly head: Head },
): MendedCopy {
  const { file, head } = parts
  const copy = openNewFile(path, force, input)
  // The text of a UTF-16 file has lost its mark on the way here.
  if (head.format === 'csv' && isMarked(file) && file.textStart === 0) copy.write('\ufeff')
  const changesPath = `${path}.changes.csv`
  const list = openNewFile(changesPath, force, input)
  list.write('row,line,column,name,code,change\n')
  let waiting: Waiting[] = []
  let copied = 0
  let [cells, rows, goodRows] = [0, 0, 0]
  const first: ListedChange[] = []

  function note({ row, line }: Place, change: Change): void {
    const { column, code } = change
    list.write(csvText([[row, line, column.number ?? '', column.name, code, change.change]]))
    if (first.length < mostListed) first.push({ row, line, column, code, change: change.change })
    cells++
  }

  /** Copies up to `end`, or to the end of the text. */
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
      copy.write(withChanges(raw, changes, head))
      copied += place.length
      for (const change of changes) note(place, change)
    }
    waiting = []
  }

  return {
    refused(row, problems) {
      if (!isRefusedRow(row)) return
      const { changes, isGood } = mendRow(row, problems, parts)
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

function withChanges(raw: string, changes: readonly Change[], head: Head): string {
  if (head.format === 'csv') {
    const texts = new Map(changes.map(({ column, text }) => [(column.number ?? 0) - 1, text]))
    return withCells(raw, head.dialect.delimiter, texts)
  }
  const texts = new Map(changes.map(({ column, text }) => [column.name, text]))
  const members = splitMembers(raw) ?? []
  const written = members.map(({ key, text }) =>
    texts.has(key) ? `${JSON.stringify(key)}:${JSON.stringify(texts.get(key))}` : text,
  )
  return `{${written.join(',')}}`
}
