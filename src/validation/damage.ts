/** Signs of a damaged file: broken or shifted rows, and texts that a spreadsheet or a wrong encoding has changed. */
import type { ErrorCode } from '../model/error-codes.ts'
import type { MalformedRow, Row } from '../model/row.ts'
import { isJsonObject } from '../model/json.ts'
import type { PatchedRow } from '../model/patch.ts'
import type { WarningCode } from '../model/warning.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import type { PlannedColumn } from '../mapping/column-plans.ts'
import { customerField } from '../rapyd/customer-fields.ts'
import placeholderTexts from './placeholders.json' with { type: 'json' }

/** In smaller files some bad rows are many. */
const leastRows = 50
const mostBroken = 4

const broken: ReadonlySet<ErrorCode> = new Set(['E_COLUMNS', 'E_QUOTE', 'E_JSON', 'E_NOT_OBJECT'])

export interface BrokenRows {
  /** For each invalid row. */
  bad(row: Row | MalformedRow, code: ErrorCode): void
  /** For each other one. */
  good(): void
  /** What is wrong with the file as a whole, in words. `endsLine`: whether its last row has a line end. */
  verdict(endsLine: boolean): string | undefined
}

export function createBrokenRows(typed: readonly TypedColumn[]): BrokenRows {
  let [rows, shifted, run, runStart] = [0, 0, 0, 0]
  return {
    good() {
      rows++
      run = 0
    },
    bad(row, code) {
      rows++
      const isShifted = row.kind === 'csv' && shiftOf(row.cells, typed) !== undefined
      if (isShifted) shifted++
      if (!isShifted && !broken.has(code)) run = 0
      else if (run++ === 0) runStart = row.row
    },
    verdict(endsLine) {
      if (rows < leastRows) return undefined
      if (run > mostBroken) return `from row ${runStart} on no row can be read as the others`
      if (shifted > mostBroken) return `the cells of ${shifted} rows stand in other columns than their own`
      return run > 0 && !endsLine ? `it ends in the middle of row ${rows}, as if it was cut there` : undefined
    },
  }
}

/** A column whose texts cannot be mistaken for those of others. */
export interface TypedColumn {
  readonly index: number
  readonly fits: (text: string) => boolean
}

/** Problems of columns whose texts cannot be mistaken for those of others; a country of two letters can be. */
const distinct: ReadonlySet<string> = new Set([
  'E_EMAIL',
  'E_PHONE',
  'E_DATE',
  'E_EWALLET',
  'E_PAYMENT_METHOD',
])

/** The columns that show whether cells have moved, in the header's order. */
export function typedColumns(plans: readonly PlannedColumn[]): readonly TypedColumn[] {
  return plans.flatMap(({ isId, targets }, index) => {
    if (isId) return [{ index, fits: isCustomerId }]
    const rule = targets[0]?.rule
    return rule === undefined || !distinct.has(rule(' ')?.code ?? '')
      ? []
      : [{ index, fits: (text: string) => rule(text) === undefined }]
  })
}

export type Shift = 'left' | 'right'

/** Returns undefined if the row's cells are in their own columns, or the columns do not show it. `columns` in the header's order. */
export function shiftOf(cells: readonly string[], columns: readonly TypedColumn[]): Shift | undefined {
  if (fitsBeside(cells, columns, -1)) return 'left'
  return fitsBeside(cells, columns, 1) ? 'right' : undefined
}

/** True where all columns that something can be said of have their texts at that distance, and one at least does not have it itself. */
function fitsBeside(cells: readonly string[], columns: readonly TypedColumn[], distance: number): boolean {
  let [moved, staying] = [0, 0]
  for (const { index, fits } of columns) {
    const own = cells[index] ?? ''
    const beside = cells[index + distance] ?? ''
    if (own !== '' && fits(own)) staying++
    else if (beside !== '' && fits(beside)) moved++
  }
  // The id alone often stays: cells were lost or put in after it.
  return moved > 0 && staying <= 1 && moved >= staying
}

export interface Damage {
  readonly code: WarningCode
  readonly message: string
}

const shortened: Damage = {
  code: 'W_SHORTENED_NUMBER',
  message: 'a number that a spreadsheet has shortened (as in 4.9E+11)',
}
const date: Damage = {
  code: 'W_SPREADSHEET_DATE',
  message: 'a date that a spreadsheet may have made of something else (as in 1-Mar)',
}
const twiceEncoded: Damage = {
  code: 'W_ENCODING',
  message: 'characters that were decoded with the wrong encoding (Ã© for é)',
}
const lost: Damage = {
  code: 'W_ENCODING',
  message: 'replacement characters (U+FFFD): the text that stood here is lost',
}
const placeholder: Damage = { code: 'W_PLACEHOLDER', message: 'a text that stands for nothing' }

const shortenedNumber = /^[+-]?\d(?:[.,]\d+)?E\+\d{1,3}$/i
const shortDate =
  /^(?:\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2})$/
/** UTF-8 read as Latin-1 or Windows-1252: the first byte of a character, and what its second one looks like. */
const twiceEncodedText =
  /[\u00c2\u00c3][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]|\u00e2\u20ac[\u0080-\u00bf\u2018-\u201e\u2020-\u2022\u2122\u0153\u0161\u0153]/
const placeholders: ReadonlySet<string> = new Set(placeholderTexts)

/**
 * `isFree`: the text is the user's own (metadata), where `none` is as good as any other. `isCode`: it is in the place of a number
 * or code, and a date is not expected there.
 */
export function textDamage(text: string, isFree: boolean, isCode: boolean): Damage | undefined {
  if (shortenedNumber.test(text)) return shortened
  if (isCode && shortDate.test(text)) return date
  if (!isFree && placeholders.has(text)) return placeholder
  if (text.includes('\ufffd')) return lost
  return twiceEncodedText.test(text) ? twiceEncoded : undefined
}

/** A column, or a key, whose texts no rule holds to a form. */
export interface TextColumn {
  readonly field: string
  /** The user's own texts, of any kind: metadata. */
  readonly isFree: boolean
  /** Holds numbers or codes, which spreadsheets take for dates. */
  readonly isCode: boolean
}

/** Texts at the top of the patch of an NDJSON row, and at the top of its metadata. */
export function* textsOf({ patch }: PatchedRow): Generator<readonly [TextColumn, string]> {
  for (const [field, value] of Object.entries(patch)) {
    if (typeof value === 'string') {
      if (value !== '' && !hasForm(field))
        yield [{ field, isFree: false, isCode: isCodeName(field) }, value] as const
    } else if (field === 'metadata' && isJsonObject(value)) {
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string' || text === '') continue
        yield [{ field: `metadata.${key}`, isFree: true, isCode: isCodeName(key) }, text] as const
      }
    }
  }
}

/** True where the rule of the field leaves no room for such damage. */
function hasForm(field: string): boolean {
  return customerField(field)?.rule !== undefined && field !== 'occupation'
}

/** Names of what is a number or a code and no text. */
export function isCodeName(field: string): boolean {
  return /(?:^|[._\s-])(?:ids?|code|no|nr|number|sku|ref|reference|key|zip|prefix|coupon|plan|part)$/i.test(
    field,
  )
}
