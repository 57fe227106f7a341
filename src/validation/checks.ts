/**
 * The checks of `validate`: sees every row of the scan, counts columns, and gathers all errors and warnings with examples. Memory
 * is bounded.
 */
import { recordProblem } from '../input/lines.ts'
import { findTip, warningEntries, type ErrorCode, type Problem, type WarningCode } from '../model/errors.ts'
import type { Scan, Warning } from '../model/scan.ts'
import type { Examiner, Locate } from '../model/ports.ts'
import { applyChanges, type TextChange } from '../mapping/mapping.ts'
import { createFindMisreading } from './misreading.ts'
import {
  isOutcome,
  overlaps,
  valueIn,
  withLines,
  type PatchedRow,
  type SourceColumn,
  type MalformedRow,
  type Row,
} from '../model/row.ts'
import type { ColumnReport, Columns } from './columns.ts'
import {
  findShift,
  findUnseen,
  findWrappers,
  isPlainText,
  mayBeWrapped,
  textDamage,
  textsOf,
  typedValuesOf,
  type TextColumn,
  type TextDamage,
  type TypedColumn,
} from './damage.ts'
import { createFindings, maskCell, type Defect, type Diagnosis, type Findings } from './findings.ts'
import {
  createCutTexts,
  createDateOrder,
  createRowChecks,
  leastCut,
  type CutTexts,
  type DateOrder,
} from './row-checks.ts'

interface CellColumn extends TextColumn {
  readonly index: number
  readonly source: SourceColumn
  readonly changes: readonly TextChange[]
}

export interface ChecksParts {
  readonly columns: Columns
  /** Columns that hold texts; none for NDJSON. */
  readonly texts: readonly CellColumn[]
  /** Fields of columns whose cells hold JSON; none for NDJSON, where every field may be an object. */
  readonly objects: readonly string[]
  readonly typed: readonly TypedColumn[]
  readonly headerWarnings: readonly { readonly column: SourceColumn; readonly message: string }[]
  readonly locate: Locate
  /** Gets the errors and warnings one by one. */
  readonly onDefect?: ((defect: Defect) => void) | undefined
  /** Gets each row that has errors, or warnings about its values, with all of them. */
  readonly onDefective?: ((row: Row | MalformedRow, defects: readonly Defect[]) => void) | undefined
}

export interface Checks extends Examiner {
  /** Returns the results after the last row. `found` has what the scan says of the whole file. */
  finish(found: Pick<Scan, 'warnings'>): CheckResults
}

export interface CheckResults {
  readonly columns: readonly ColumnReport[]
  readonly findings: readonly Diagnosis<ErrorCode>[]
  readonly warnings: readonly Diagnosis<WarningCode>[]
}

export function createChecks(parts: ChecksParts): Checks {
  const { columns, texts, objects, typed, headerWarnings, locate } = parts
  const { onDefect, onDefective } = parts
  const dates = createDateOrder()
  const cuts = createCutTexts()
  const findMisreading = createFindMisreading()
  /** The last sound cell of each column of a CSV file: a tier, a city or a country often repeats from row to row. */
  const lastSound = new Map<TextColumn, string>()
  const checkRow = createRowChecks(warn, dates)
  const errors = createFindings<ErrorCode>(true)
  const warnings = createFindings<WarningCode>(true)
  let row: Row | MalformedRow = noRow
  let defects: Defect[] = []

  function add<Code extends ErrorCode | WarningCode>(
    findings: Findings<Code>,
    code: Code,
    { field, message }: Pick<Problem, 'field' | 'message'>,
    defect: Pick<Defect, 'severity' | 'tip' | 'message'>,
    source?: SourceColumn,
    text?: string,
  ): void {
    const columnOf = (): SourceColumn | undefined => source ?? locate(row, field)
    const exampleOf = (): string | undefined => {
      const cell = text ?? cellIn(row, columnOf())
      return cell === undefined || cell === '' ? undefined : maskCell(cell)
    }
    findings.add({ code, field, message, place: row, columnOf, exampleOf })
    if (onDefect === undefined && onDefective === undefined) return
    const found = { ...defect, code, field, row: row.row, line: row.line, column: columnOf() }
    onDefect?.(found)
    defects.push(found)
  }

  function warn(
    code: WarningCode,
    field: string,
    message: string,
    source?: SourceColumn,
    text?: string,
  ): void {
    const { tip } = warningEntries[code]
    add(warnings, code, { field, message }, { severity: 'warning', tip, message }, source, text)
  }

  /** Returns true if the text is sound. */
  function checkText(text: string, column: TextColumn, source?: SourceColumn): boolean {
    if (text.length >= leastCut) cuts.add(column.field, text, row)
    const found = damagesOf(text, column)
    for (const { code, message } of found) warn(code, column.field, message, source, text)
    return found.length === 0
  }

  function damagesOf(text: string, column: TextColumn): readonly TextDamage[] {
    const damage = textDamage(text, column.isFree, column.isCode, column.field, findMisreading)
    if (isPlainText(text)) return damage === undefined ? [] : [damage]
    // A wrong encoding leaves such characters, too.
    const unseen = damage?.code === 'W_ENCODING' ? undefined : findUnseen(text, column)
    const wrappers = mayBeWrapped.test(text) ? findWrappers(text, column) : []
    return [damage, unseen, ...wrappers].filter((found) => found !== undefined)
  }

  function checkObjects(read: PatchedRow): void {
    for (const path of typedValuesOf(read.patch['metadata'], 'metadata'))
      warn('W_OTHER_FORMAT', path, 'a value that another database writes with its type ({"$date": …})')
    for (const [column, text] of textsOf(read))
      if (row.kind === 'ndjson' || objects.some((path) => overlaps(path, column.field)))
        checkText(text, column)
  }

  function addRefused(problems: readonly Problem[]): void {
    for (const problem of problems) {
      if (problem.code === 'E_DATE') dates.addInvalid(cellIn(row, locate(row, problem.field)) ?? '')
      // The kind is counted without the lines of the row, or every malformed row would be its own kind.
      const { code } = problem
      const message = withLines(problem.message, row)
      add(errors, code, problem, { severity: 'error', tip: findTip(code, message), message })
    }
    const shift = row.kind === 'csv' ? findShift(row.cells, typed) : undefined
    if (shift !== undefined)
      warn('W_SHIFTED', '', `cells that seem to stand one column too far to the ${shift}`)
  }

  return {
    row(next, read) {
      row = next
      defects = []
      columns.add(row)
      if (row.kind === 'csv') {
        for (const column of texts) {
          const cell = row.cells[column.index] ?? ''
          if (cell === '' || cell === lastSound.get(column)) continue
          const text = applyChanges(cell, column.changes)
          if (typeof text !== 'string' || text === '') continue
          // Long texts are counted each time.
          if (checkText(text, column, column.source) && text.length < leastCut) lastSound.set(column, cell)
        }
      }
      if (!isOutcome(read)) {
        if (row.kind === 'ndjson' || objects.length > 0) checkObjects(read)
        checkRow(read, row)
      } else if (read.problems !== undefined) addRefused(read.problems)
      if (defects.length > 0) onDefective?.(row, defects)
    },
    warned: (code, field, message) => warn(code, field, message),
    finish(found) {
      const unused = found.warnings.filter(({ code }) => code === 'W_REPLACE_UNUSED').map(wholeDiagnosis)
      const whole = [
        ...headerWarnings.map(headerDiagnosis),
        ...dateDiagnoses(dates, locate),
        ...cutDiagnoses(cuts, locate),
        ...unused,
      ]
      for (const diagnosis of whole) onDefect?.(firstDefect(diagnosis))
      return { columns: columns.list(), findings: errors.list(), warnings: [...whole, ...warnings.list()] }
    },
  }
}

/** A warning about the whole file, streamed once. */
function firstDefect({ code, field, message, firstRow, firstLine, column }: Diagnosis<WarningCode>): Defect {
  const place = { row: firstRow, line: firstLine, column }
  return { severity: 'warning', code, field, message, tip: warningEntries[code].tip, ...place }
}

/** The header counts as row 0 on line 1. */
function headerDiagnosis({ column, message }: ChecksParts['headerWarnings'][number]): Diagnosis<WarningCode> {
  const { name: field } = column
  return wholeDiagnosis({
    code: 'W_HEADER_LOOKALIKE',
    field,
    message,
    rows: 0,
    firstRow: 0,
    firstLine: 1,
    column,
  })
}

function wholeDiagnosis(warning: Warning): Diagnosis<WarningCode> {
  return { ...warning, places: [{ row: warning.firstRow, line: warning.firstLine }] }
}

function dateDiagnoses(dates: DateOrder, locate: Locate): readonly Diagnosis<WarningCode>[] {
  const found = dates.ambiguous()
  if (found.places.length === 0) return []
  const message = 'a date that may have its month first, as others in this column do'
  return [columnDiagnosis('W_DATE_ORDER', 'date_of_birth', message, found, locate)]
}

function cutDiagnoses(cuts: CutTexts, locate: Locate): readonly Diagnosis<WarningCode>[] {
  return cuts.list().map(({ field, length, ...found }) => {
    const message = `the longest texts all have ${length} characters, as if the rest was cut off`
    return columnDiagnosis('W_TRUNCATED', field, message, found, locate)
  })
}

/** A warning that only all rows of a column together show. */
function columnDiagnosis(
  code: WarningCode,
  field: string,
  message: string,
  { rows, places }: Pick<Diagnosis<WarningCode>, 'rows' | 'places'>,
  locate: Locate,
): Diagnosis<WarningCode> {
  const [{ row: firstRow, line: firstLine } = nowhere] = places
  const column = locate(noRow, field)
  const found = { code, field, message, rows, firstRow, firstLine, places }
  return column === undefined ? found : { ...found, column }
}

/** Before the first row. */
const nowhere = { row: 0, line: 0, offset: 0, length: 0 }
const noRow: MalformedRow = { kind: 'malformed', ...nowhere, problem: recordProblem('E_COLUMNS', '') }

/** The text as it is; another value of NDJSON as JSON. */
function cellIn(row: Row | MalformedRow, column: SourceColumn | undefined): string | undefined {
  const value = valueIn(row, column)
  return typeof value === 'string' || value === undefined ? value : JSON.stringify(value)
}
