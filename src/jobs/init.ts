/** Drafts a mapping file: reads the whole input once, without a network, and writes an entry for each column. */
import { createCsvColumns, createNdjsonColumns } from '../validation/columns.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { isInvisible } from '../model/invisible.ts'
import { readHead } from '../input/header.ts'
import type { FormatOptions } from '../input/header.ts'
import { rowsOf } from '../input/rows.ts'
import { draftMapping } from '../mapping/draft.ts'
import { defaultMapping } from '../mapping/mapping.ts'
import { refuseTitleLines } from '../validation/row-reader.ts'
import type { Draft } from '../mapping/draft.ts'
import { isOurColumn } from '../mapping/column-names.ts'
import { createProfiler } from '../mapping/column-profile.ts'
import type { ColumnProfiler } from '../mapping/column-profile.ts'
import type { UpdateOptions } from '../config/options.ts'
import { signalOf } from '../engine/program-options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { openPassingInput } from '../engine/input.ts'

/** How the input is read, and nothing else. */
export type InitOptions = FormatOptions & Pick<UpdateOptions, 'input' | 'encoding'>

export interface InitResult extends Draft {
  readonly rows: number
}

/** Only the counts of the column table are used. */
const plan = (name: string) => ({ name, fields: [], blanks: '' })
const none: ReadonlySet<string> = new Set()

/** Throws INPUT errors if the file cannot be read. */
export async function init(options: InitOptions & Stoppable): Promise<InitResult> {
  const signal = signalOf(options)
  const file = await openPassingInput(options.input, signal, { encoding: options.encoding })
  try {
    const head = await readHead(file, options)
    refuseTitleLines(head, defaultMapping, [])
    const columns =
      head.format === 'csv'
        ? createCsvColumns(head.header.map(plan), none)
        : createNdjsonColumns((_, key) => plan(key), none)
    const profilers = new Map<string, ColumnProfiler>()
    const profilerOf = (name: string): ColumnProfiler => {
      const known = profilers.get(name) ?? createProfiler()
      profilers.set(name, known)
      return known
    }
    const byIndex = head.format === 'csv' ? head.header.map(profilerOf) : []
    let rows = 0
    for await (const batch of rowsOf(file, head)) {
      signal.throwIfAborted()
      rows += batch.length
      for (const row of batch) {
        columns.add(row)
        if (row.kind === 'csv') for (const [index, cell] of row.cells.entries()) byIndex[index]?.add(cell)
        else if (row.kind === 'ndjson')
          for (const [key, value] of Object.entries(row.record))
            if (typeof value === 'string') profilerOf(key).add(value)
      }
    }
    const reports = columns
      .list()
      .filter(({ name, filled }) => !isOurColumn(name) && (filled > 0 || !isInvisible(name)))
    if (reports.length === 0) {
      throw new BulkUpdateError(
        'E_NO_COLUMNS',
        `${file.path} has no columns that a mapping could be drafted from`,
        'Give a CSV file with a header, or NDJSON with one object per line.',
      )
    }
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
