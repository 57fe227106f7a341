/**
 * Looks at every row next to the scan: counts columns, gathers all defects and doubts with examples, and asks the checks that
 * are too dear, or too doubtful, for `update`. Constant memory but for the table of e-mail addresses.
 */
import type { ErrorCode } from '../model/error-codes.ts'
import { tipOf } from '../model/error-codes.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonValue } from '../model/json.ts'
import type { Outcome } from '../model/outcome.ts'
import type { PatchedRow } from '../model/patch.ts'
import type { Problem } from '../model/problem.ts'
import { problemOf } from '../model/row.ts'
import type { MalformedRow, Row } from '../model/row.ts'
import { warningTips } from '../model/warning.ts'
import type { WarningCode } from '../model/warning.ts'
import type { Examiner, Locate, SourceColumn } from '../model/ports.ts'
import { shiftOf, textDamage, textsOf } from './damage.ts'
import type { TypedColumn, TextColumn } from './damage.ts'
import type { Columns, ColumnReport } from './columns.ts'
import { createDateOrder, createSharedEmails } from './cross-row-checks.ts'
import type { DateOrder } from './cross-row-checks.ts'
import { createFindings, masked } from './findings.ts'
import type { Diagnosis, Findings } from './findings.ts'
import postcodeDigitTable from './postcode-digits.json' with { type: 'json' }

/** One defect of one row, as it is streamed. */
export interface Defect {
  readonly severity: 'error' | 'warning'
  readonly code: ErrorCode | WarningCode
  readonly field: string
  readonly message: string
  readonly tip: string
  readonly row: number
  readonly line: number
  readonly column: SourceColumn | undefined
}

/** With the index of each one's cell. */
type TextColumns = readonly (TextColumn & { readonly index: number })[]

export interface ExamineParts {
  readonly columns: Columns
  /** By index of the cell; for NDJSON none. */
  readonly texts: TextColumns
  readonly typed: readonly TypedColumn[]
  readonly headerDoubts: readonly { readonly column: SourceColumn; readonly message: string }[]
  readonly locate: Locate
  /** Gets the defects one by one. */
  readonly onDefect?: ((defect: Defect) => void) | undefined
  /** Gets rows that are refused, after their problems. */
  readonly onRefused?: ((row: Row | MalformedRow, problems: readonly Problem[]) => void) | undefined
}

export interface Examination extends Examiner {
  /** What there is to say, once all rows have been seen. */
  finish(): Examined
}

export interface Examined {
  readonly columns: readonly ColumnReport[]
  readonly findings: readonly Diagnosis<ErrorCode>[]
  readonly warnings: readonly Diagnosis<WarningCode>[]
}

const sharedEmail = 'the e-mail address of another customer, too'

const oldest = 120 * 365.25 * 86_400_000

export function createExamination(parts: ExamineParts): Examination {
  const { columns, texts, typed, headerDoubts, locate, onDefect, onRefused } = parts
  const [emails, dates, now] = [createSharedEmails(), createDateOrder(), Date.now()]
  const errors = createFindings<ErrorCode>()
  const warnings = createFindings<WarningCode>()
  let row: Row | MalformedRow = nothing

  function note<Code extends ErrorCode | WarningCode>(
    findings: Findings<Code>,
    code: Code,
    { field, message }: Pick<Problem, 'field' | 'message'>,
    defect: Pick<Defect, 'severity' | 'tip' | 'message'>,
  ): void {
    const columnOf = (): SourceColumn | undefined => locate(row, field)
    const exampleOf = (): string | undefined => {
      const cell = cellIn(row, columnOf())
      return cell === undefined || cell === '' ? undefined : masked(cell)
    }
    findings.note({ code, field, message, place: row, columnOf, exampleOf })
    onDefect?.({ ...defect, code, field, row: row.row, line: row.line, column: columnOf() })
  }

  function warn(code: WarningCode, field: string, message: string): void {
    note(warnings, code, { field, message }, { severity: 'warning', tip: warningTips[code], message })
  }

  function look(text: string, column: TextColumn): void {
    const damage = textDamage(text, column.isFree, column.isCode)
    if (damage !== undefined) warn(damage.code, column.field, damage.message)
  }

  function lookAtCall({ patch, customerId }: PatchedRow): void {
    const { email, date_of_birth: born, addresses } = patch
    if (typeof email === 'string' && email !== '') {
      if (emails.add(email, customerId)) warn('W_SHARED_EMAIL', 'email', sharedEmail)
    }
    if (typeof born === 'string' && born !== '') {
      dates.taken(Number(born.slice(0, 2)), Number(born.slice(3, 5)), row)
      const age =
        now - Date.UTC(Number(born.slice(6)), Number(born.slice(3, 5)) - 1, Number(born.slice(0, 2)))
      if (age < 0 || age > oldest)
        warn(
          'W_UNLIKELY_DATE',
          'date_of_birth',
          age < 0 ? 'a day that is still to come' : 'more than 120 years ago',
        )
    }
    for (const field of shortPostcodes(addresses))
      warn('W_LOST_ZERO', field, 'a postcode that is a digit short in its country: a zero may be lost')
  }

  return {
    begin(next) {
      row = next
      columns.add(next)
      if (next.kind === 'csv') {
        for (const column of texts) {
          const cell = next.cells[column.index]
          if (cell !== undefined && cell !== '') look(cell, column)
        }
      }
    },
    refused(problems) {
      for (const problem of problems) {
        if (problem.code === 'E_DATE') dates.refused(cellIn(row, locate(row, problem.field)) ?? '')
        // It is counted without the lines of its row, which would make it a kind of its own.
        const { code, message } = row.kind === 'malformed' ? problemOf(row) : problem
        note(errors, code, problem, { severity: 'error', tip: tipOf(code, message), message })
      }
      const shift = row.kind === 'csv' ? shiftOf(row.cells, typed) : undefined
      if (shift !== undefined)
        warn('W_SHIFTED', '', `cells that seem to stand one column too far to the ${shift}`)
      onRefused?.(row, problems)
    },
    read(read: PatchedRow | Outcome) {
      if ('outcome' in read) return
      if (row.kind === 'ndjson') for (const [path, text] of textsOf(read)) look(text, path)
      lookAtCall(read)
    },
    warned: warn,
    finish() {
      const whole = [...headerDoubts.map(headerDiagnosis), ...dateDiagnoses(dates, locate)]
      for (const { code, field, message, firstRow: r, firstLine: line, column } of whole)
        onDefect?.({
          severity: 'warning',
          code,
          field,
          message,
          tip: warningTips[code],
          row: r,
          line,
          column,
        })
      return { columns: columns.list(), findings: errors.list(), warnings: [...whole, ...warnings.list()] }
    },
  }
}

/** The header is no row, and is on line 1 or near it. */
function headerDiagnosis({ column, message }: ExamineParts['headerDoubts'][number]): Diagnosis<WarningCode> {
  const place = { firstRow: 0, firstLine: 1, places: [{ row: 0, line: 1 }] }
  return { code: 'W_HEADER_LOOKALIKE', field: column.name, message, rows: 0, ...place, column }
}

function dateDiagnoses(dates: DateOrder, locate: Locate): readonly Diagnosis<WarningCode>[] {
  const { rows, places } = dates.doubtful()
  const [first] = places
  if (first === undefined) return []
  const field = 'date_of_birth'
  const column = locate(nothing, field)
  const message = 'a date that may have its month first, as others in this column do'
  const place = { firstRow: first.row, firstLine: first.line, places }
  const where = column === undefined ? place : { ...place, column }
  return [{ code: 'W_DATE_ORDER', field, message, rows, ...where }]
}

/** Before the first row. */
const nothing: MalformedRow = {
  kind: 'malformed',
  row: 0,
  line: 0,
  offset: 0,
  length: 0,
  problem: { code: 'E_COLUMNS', field: '', message: '' },
}

/** The text of a cell, or what is behind a key as JSON. */
export function cellIn(row: Row | MalformedRow, column: SourceColumn | undefined): string | undefined {
  if (column === undefined || row.kind === 'malformed') return undefined
  if (row.kind === 'csv') return column.number === undefined ? undefined : row.cells[column.number - 1]
  if (!Object.hasOwn(row.record, column.name)) return undefined
  const value = row.record[column.name]
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Countries in which every postcode has so many digits, and some begin with 0. */
const postcodeDigits: ReadonlyMap<string, number> = new Map(Object.entries(postcodeDigitTable))

/** Paths of the addresses' `zip` that are a digit short: a zero may be lost. */
function shortPostcodes(addresses: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(addresses)) return []
  return addresses.flatMap((address: JsonValue, index) => {
    if (!isJsonObject(address)) return []
    const { zip, country } = address
    if (typeof zip !== 'string' || typeof country !== 'string' || !/^\d+$/.test(zip)) return []
    return postcodeDigits.get(country) === zip.length + 1 ? [`addresses[${index}].zip`] : []
  })
}
