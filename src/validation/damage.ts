/** Signs of a damaged file: broken or shifted rows, and texts that a spreadsheet or a wrong encoding has changed. */
import type { PlannedColumn } from '../mapping/column-plans.ts'
import type { ErrorCode, WarningCode } from '../model/errors.ts'
import { isSuspectBlank } from '../mapping/suspects.ts'
import { findInvisible, findInvisibleAtEnd, isInvisible } from '../model/invisible.ts'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { PatchedRow, MalformedRow, Row } from '../model/row.ts'
import { decodeHtml, hasFraction, isFormula, unguard, withoutTags } from '../model/wrappers.ts'
import { findAddressField, findCustomerField, isCustomerId, isStrictRule } from '../rapyd/customer-fields.ts'
import type { CustomerField } from '../rapyd/customer-fields.ts'
import names from './code-names.json' with { type: 'json' }
import { findMisreading } from './misread.ts'
import type { Misreading } from './misread.ts'
import placeholderTexts from './placeholders.json' with { type: 'json' }

/** In smaller files, a few bad rows are a large part. */
const leastRows = 50
const mostBroken = 4

const brokenCodes: ReadonlySet<ErrorCode> = new Set(['E_COLUMNS', 'E_QUOTE', 'E_JSON', 'E_NOT_OBJECT'])

/**
 * Tells a damaged file from one with some bad rows. Errors of people are scattered; a broken export is bad up to its end, or its
 * cells are shifted.
 */
export interface BrokenRows {
  /** Adds an invalid row. */
  bad(row: Row | MalformedRow, code: ErrorCode): void
  /** Adds any other row. */
  good(): void
  /** Says what is wrong with the file. `endsLine`: its last row has a line end. */
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
      const isShifted = row.kind === 'csv' && findShift(row.cells, typed) !== undefined
      if (isShifted) shifted++
      if (!isShifted && !brokenCodes.has(code)) run = 0
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

/** A column whose texts cannot be mistaken for those of another. */
export interface TypedColumn {
  readonly index: number
  readonly fits: (text: string) => boolean
}

/** Rules whose texts cannot be mistaken for others. Two-letter country codes can. */
const distinctRules: ReadonlySet<string> = new Set([
  'E_EMAIL',
  'E_PHONE',
  'E_DATE',
  'E_EWALLET',
  'E_PAYMENT_METHOD',
])

/** The columns that show if cells have moved, in the header's order. */
export function typedColumns(plans: readonly PlannedColumn[]): readonly TypedColumn[] {
  return plans.flatMap(({ isId, assignments }, index) => {
    if (isId) return [{ index, fits: isCustomerId }]
    const rule = assignments[0]?.target.rule
    return rule === undefined || !distinctRules.has(rule(' ')?.code ?? '')
      ? []
      : [{ index, fits: (text: string) => rule(text) === undefined }]
  })
}

export type Shift = 'left' | 'right'

/** Returns undefined if no cell has moved, or `columns` (in the header's order) do not show it. */
export function findShift(cells: readonly string[], columns: readonly TypedColumn[]): Shift | undefined {
  if (fitsShifted(cells, columns, -1)) return 'left'
  return fitsShifted(cells, columns, 1) ? 'right' : undefined
}

/** True if typed columns have their texts at that distance, and at most one has its own. */
function fitsShifted(cells: readonly string[], columns: readonly TypedColumn[], distance: number): boolean {
  let [moved, unmoved] = [0, 0]
  for (const { index, fits } of columns) {
    const own = cells[index] ?? ''
    const other = cells[index + distance] ?? ''
    if (own !== '' && fits(own)) unmoved++
    else if (other !== '' && fits(other)) moved++
  }
  // The id often stays in its column, because cells after it were lost or added.
  return moved > 0 && unmoved <= 1 && moved >= unmoved
}

export interface TextDamage {
  readonly code: WarningCode
  readonly message: string
}

const shortened: TextDamage = {
  code: 'W_SHORTENED_NUMBER',
  message: 'a number that a spreadsheet has shortened (as in 4.9E+11)',
}
const date: TextDamage = {
  code: 'W_SPREADSHEET_DATE',
  message: 'a date that a spreadsheet may have made of something else (as in 1-Mar)',
}
const misreadings: Readonly<Record<Misreading, TextDamage>> = {
  twice: { code: 'W_ENCODING', message: 'characters that were decoded with the wrong encoding (Ã© for é)' },
  page: { code: 'W_ENCODING', message: 'letters that were read with the wrong code page (³ for ł)' },
}
const lost: TextDamage = {
  code: 'W_ENCODING',
  message: 'replacement characters (U+FFFD): the text that stood here is lost',
}
const lostLetters: TextDamage = {
  code: 'W_ENCODING',
  message: 'question marks in the places of letters, which are lost',
}
const escapes: TextDamage = {
  code: 'W_ENCODING',
  message: 'letters that another format has escaped (\\u00fc, =C3=BC, _x000D_)',
}
const fraction: TextDamage = {
  code: 'W_FLOAT',
  message: 'a code that has become a decimal number (as in 12345.0)',
}
const guarded: TextDamage = {
  code: 'W_FORMULA',
  message: 'a guard against formulas (="0123", or an apostrophe or a tab in front)',
}
const formula: TextDamage = { code: 'W_FORMULA', message: 'a formula in the place of its value' }
const entities: TextDamage = { code: 'W_HTML', message: 'HTML entities (&amp; for &)' }
const tags: TextDamage = { code: 'W_HTML', message: 'HTML tags (<br>)' }
const placeholder: TextDamage = { code: 'W_PLACEHOLDER', message: 'a text that stands for nothing' }

const shortenedNumber = /^[+-]?\d(?:(?:[.,]\d+)?E\+|[.,]\d+E)\d{1,3}$/i
/** Excel shows them in its language: 1-Mar, 01. Mrz, 01-mars. */
const shortDate = new RegExp(
  `^(?:\\d{1,2}[. -]{1,2}(?:${names.months})\\.?|(?:${names.months})\\.?[ -]\\d{2})$`,
  'u',
)
/** Characters in which a wrong encoding shows. */
const mostLooked = 1_000
/** A question mark inside of a word, or where it starts: M?ller, ?ukasz. */
const markedWord = /\p{L}\?+\p{Ll}|(?<![^\s"'(,;.-])\?+\p{L}/u
/** No name ends in one, but a sentence may. */
const markedEnd = /\p{L}\?/u
const nameField = /(?:^|\.)(?:name|city)$/
const webAddress = /:\/\/|www\.|\?\S*=/
/** U+FFFD, also as GBK reads it in UTF-8. */
const replacement = /\ufffd|锟斤拷/
const placeholders: ReadonlySet<string> = new Set(placeholderTexts)
/** What a template had in the place of a value that nobody filled in: `{{first_name}}`, `*|FNAME|*`. */
const mergeTag = /^(?:\{\{[^{}]*\}\}|\*\|[^|]*\|\*|\$\{[^{}]*\}|<%.*%>|%%?[A-Z_]+%%?)$/s
const aroundPlaceholder = /^[\s\p{Ps}\p{Pd}<"']+|[\s\p{Pe}\p{Pd}>"']+$/gu
const longestPlaceholder = 40

/** False for texts that are refused as suspect blanks. */
function isPlaceholder(text: string): boolean {
  if (text.length > longestPlaceholder) return false
  const isListed =
    placeholders.has(text) || placeholders.has(text.replace(aroundPlaceholder, '').toLowerCase())
  return mergeTag.test(text) || (isListed && !isSuspectBlank(text))
}

/** What JSON, XML, SQL, e-mail and web addresses write in the places of letters. */
const escaped =
  /\\u[\da-f]{4}|\\['"]|_x00[\da-f]{2}_|%[c-f][\da-f](?:%[89ab][\da-f])+|=[c-f][\da-f]=[89ab][\da-f]/i
const encodedWord = /=\?[\w-]+\?[QB]\?\S*\?=/i

function hasEscapes(text: string): boolean {
  return /[\\%=_]/.test(text) && (encodedWord.test(text) || (escaped.test(text) && !webAddress.test(text)))
}

/** Finds damage that no rule of Rapyd's would refuse. `isFree`, `isCode` and `field` as in `TextColumn`. */
export function textDamage(
  text: string,
  isFree: boolean,
  isCode: boolean,
  field = '',
): TextDamage | undefined {
  if (shortenedNumber.test(text)) return shortened
  if (isCode && shortDate.test(text)) return date
  if (!isFree && isPlaceholder(text)) return placeholder
  if (replacement.test(text)) return lost
  const start = text.slice(0, mostLooked)
  if (hasEscapes(start)) return escapes
  if (start.includes('?') && hasLostLetters(start, isFree, field)) return lostLetters
  const misreading = findMisreading(start)
  return misreading === undefined ? undefined : misreadings[misreading]
}

/** False for most texts, so that they are done with at once. */
export const mayBeWrapped = /[&<\t]|^[\s=＝+@'"’‘`´-]|[.,]0+\s*$/

/** Finds what an export has written around a text or into it. */
export function* findWrappers(text: string, { isFree, isCode, isNumber }: TextColumn): Generator<TextDamage> {
  const bare = unguard(text, isCode && !isFree)
  if (bare !== undefined) yield guarded
  else if (isFormula(text)) yield formula
  const core = bare ?? text.trim()
  if (hasFraction(core) && (isNumber || (isCode && /^\d{4}/.test(core)))) yield fraction
  if (decodeHtml(text) !== text) yield withoutTags(text) === text ? entities : tags
}

/** People write `???` in texts of their own. */
function hasLostLetters(text: string, isFree: boolean, field: string): boolean {
  if (webAddress.test(text) || isSuspectBlank(text)) return false
  if (markedWord.test(text) || (nameField.test(field) && markedEnd.test(text))) return true
  return !/\p{L}/u.test(text) && text.includes('??') && text.split('?').length > (isFree ? 4 : 2)
}

/** Finds a character that cannot be seen: at the ends of a text, and inside a code of the user's own. Other codes have a rule. */
export function findUnseen(text: string, { isFree, isCode }: TextColumn): TextDamage | undefined {
  if (isInvisible(text) || (isCode && !isFree)) return undefined
  const atEnd = findInvisibleAtEnd(text)
  const point = atEnd ?? (isCode ? findInvisible(text.replace(/\p{Zs}/gu, ' ')) : undefined)
  const place = atEnd === undefined ? '' : ' at an end'
  return point === undefined
    ? undefined
    : { code: 'W_INVISIBLE_CHAR', message: `holds a character that cannot be seen${place} (${point})` }
}

/** A column or key without a strict rule for its texts. */
export interface TextColumn {
  readonly field: string
  /** Holds the user's own texts (metadata), where `none` may be a value. */
  readonly isFree: boolean
  /** Holds numbers or codes, which spreadsheets take for dates. */
  readonly isCode: boolean
  /** Holds whole numbers. Other codes may have a fraction: `plan: 2.0`. */
  readonly isNumber: boolean
}

/** Texts of a patch, at any depth. Those with a strict rule are checked by it. */
export function textsOf({ patch }: PatchedRow): Generator<readonly [TextColumn, string]> {
  return textsIn(patch, '', findCustomerField)
}

/** `findField` knows the members that are fields. Inside metadata all are the user's own. */
function* textsIn(
  object: JsonObject,
  path: string,
  findField?: (name: string) => CustomerField | undefined,
): Generator<readonly [TextColumn, string]> {
  for (const [key, value] of Object.entries(object)) {
    const field = findField?.(key)
    const column = toTextColumn(path + key, findField === undefined)
    if (!isStrictRule(field?.rule)) yield* textsOfValue(value, column, field?.type)
  }
}

function* textsOfValue(
  value: JsonValue | undefined,
  column: TextColumn,
  type?: CustomerField['type'],
): Generator<readonly [TextColumn, string]> {
  const { field } = column
  if (typeof value === 'string') {
    if (value !== '') yield [column, value]
  } else if (isJsonObject(value)) {
    yield* textsIn(value, `${field}.`, type === 'addresses' ? findAddressField : undefined)
  } else if (isList(value)) {
    for (const [index, item] of value.entries())
      yield* textsOfValue(item, { ...column, field: `${field}[${index}]` }, type)
  }
}

const separator = String.raw`(?:^|[._\s-])`
const end = String.raw`[.:\s]{0,2}$`
const numberNames = new RegExp(`(?:${separator}(?:${names.numbers})|${names.numberEnds})${end}`, 'imu')
const codeNames = new RegExp(`${separator}(?:${names.codes})${end}|${numberNames.source}`, 'imu')
const otherNames = new RegExp(`${separator}(?:${names.others})(?:$|[._\\s-])`, 'imu')

/** `account_no`, `customerId` and `Telefonnummer` are names of numbers. That of a column counts only for the user's own texts. */
export function toTextColumn(field: string, isFree: boolean, name = ''): TextColumn {
  const words = `${field}\n${isFree ? name : ''}`.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, '_')
  const isCode = codeNames.test(words) && !otherNames.test(words)
  return { field, isFree, isCode, isNumber: isCode && (!isFree || numberNames.test(words)) }
}
