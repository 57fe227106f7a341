/** Drafts a mapping file: reads the whole input once, without a network, and writes an entry for each column. */
import { createColumns } from '../validation/columns.ts'
import { errorOf } from '../engine/errors.ts'
import { isInvisible } from '../model/invisible.ts'
import { headerOf, readHead, type FormatOptions, type Head } from '../input/header.ts'
import { rowsOf } from '../input/rows.ts'
import type { CellRules } from '../mapping/cells.ts'
import type { ColumnsOf, InputColumn } from '../mapping/headers.ts'
import { valueIn } from '../model/row.ts'
import { draftMapping, type Draft } from '../mapping/draft.ts'
import { defaultMapping } from '../mapping/mapping.ts'
import { refuseTitleLines } from '../validation/row-reader.ts'
import { isOurColumn } from '../mapping/column-names.ts'
import { createProfiler, type ColumnProfile } from '../mapping/column-profile.ts'
import type { UpdateOptions } from '../config/options.ts'
import { signalOf, type Stoppable } from '../engine/program-options.ts'
import { openPassingInput } from '../engine/run-input.ts'

/** How the input is read, and nothing else. */
export type InitOptions = FormatOptions & Pick<UpdateOptions, 'input' | 'encoding'>

export interface InitResult extends Draft {
  readonly rows: number
}

const rules: CellRules = { blank: 'clear', nullValues: new Set(), literals: new Set() }

const toColumn = (name: string): InputColumn => ({ name, isId: false, assignments: [] })

/** Columns without a mapping: only what is counted of them is used. */
function plainColumns(head: Head): ColumnsOf {
  const header = headerOf(head).map((name, index) => Object.assign(toColumn(name), { number: index + 1 }))
  return (row) => (row?.kind === 'ndjson' ? Object.keys(row.record).map(toColumn) : header)
}

/** Throws INPUT errors if the file cannot be read. */
export async function init(options: InitOptions & Stoppable): Promise<InitResult> {
  const signal = signalOf(options)
  const file = await openPassingInput(options.input, signal, { encoding: options.encoding })
  try {
    const head = await readHead(file, options)
    refuseTitleLines(head, defaultMapping, [])
    const columnsOf = plainColumns(head)
    const columns = createColumns(columnsOf, rules)
    const profilers = new Map<string, ColumnProfile>()
    const profilerOf = (name: string): ColumnProfile => {
      const known = profilers.get(name) ?? createProfiler()
      profilers.set(name, known)
      return known
    }
    let rows = 0
    for await (const batch of rowsOf(file, head)) {
      signal.throwIfAborted()
      rows += batch.length
      for (const row of batch) {
        columns.add(row)
        for (const column of columnsOf(row)) {
          const value = valueIn(row, column)
          if (typeof value === 'string') profilerOf(column.name).add(value)
        }
      }
    }
    const reports = columns
      .list()
      .filter(({ name, filled }) => !isOurColumn(name) && (filled > 0 || !isInvisible(name)))
    if (reports.length === 0) throw errorOf('E_NO_COLUMNS', 'no_columns', { path: file.path })
    return {
      ...draftMapping(
        file.path,
        reports.map((report) => Object.assign({}, report, { profile: profilerOf(report.name) })),
      ),
      rows,
    }
  } finally {
    await file.close()
  }
}
