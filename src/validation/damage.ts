/** Signs of a damaged file: broken or shifted rows, and texts that a spreadsheet or a wrong encoding has changed. */
import type { InputColumn } from '../mapping/headers.ts'
import type { ErrorCode, WarningCode } from '../model/errors.ts'
import { holdsSheetError, isSuspectBlank } from '../mapping/suspects.ts'
import { findInvisibleAtEnd, findInvisibleInside, isInvisible } from '../model/invisible.ts'
import { isJsonObject, isList, type JsonObject, type JsonValue } from '../model/json.ts'
import type { PatchedRow, MalformedRow, Row } from '../model/row.ts'
import { findLookAlike, fullWidth } from '../model/look-alikes.ts'
import { decodeHtml, hasFraction, isFormula, unguard, withoutTags } from '../model/wrappers.ts'
import {
  findAddressField,
  findCustomerField,
  isCustomerId,
  isStrictRule,
  passes,
  type CustomerField,
} from '../rapyd/customer-fields.ts'
import { createFindMisreading } from './misreading.ts'
import names from './code-names.json' with { type: 'json' }
import texts from './damage-texts.json' with { type: 'json' }
import placeholderTexts from './placeholders.json' with { type: 'json' }
import strangeTexts from './strange-texts.json' with { type: 'json' }

/** In smaller files, a few bad rows are a large part. */
const leastRows = 50
const mostBroken = 4

const brokenCodes: ReadonlySet<ErrorCode> = new Set(['E_COLUMNS', 'E_QUOTE', 'E_JSON', 'E_NOT_OBJECT'])

/**
 * Tells a damaged file from one with some bad rows. Errors of people are scattered; a broken export is bad up to its end, or its
 * cells are shifted.
 */
export function createBrokenRows(typed: readonly TypedColumn[]) {
  let [rows, shifted, run, runStart] = [0, 0, 0, 0]
  return {
    /** Adds a row that is not invalid. */
    good(): void {
      rows++
      run = 0
    },
    bad(row: Row | MalformedRow, code: ErrorCode): void {
      rows++
      const isShifted = row.kind === 'csv' && findShift(row.cells, typed) !== undefined
      if (isShifted) shifted++
      if (!isShifted && !brokenCodes.has(code)) run = 0
      else if (run++ === 0) runStart = row.row
    },
    /** Says what is wrong with the file. `endsLine`: its last row has a line end. */
    verdict(endsLine: boolean): string | undefined {
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
const distinctRules = new Set<string>(['E_EMAIL', 'E_PHONE', 'E_DATE', 'E_EWALLET', 'E_PAYMENT_METHOD'])

/** The columns that show if cells have moved, in the header's order. */
export function typedColumns(columns: readonly InputColumn[]): readonly TypedColumn[] {
  return columns.flatMap(({ isId, assignments }, index) => {
    if (isId) return [{ index, fits: isCustomerId }]
    const rule = assignments[0]?.target.rule
    return rule === undefined || !distinctRules.has(rule(' ')?.code ?? '')
      ? []
      : [{ index, fits: passes(rule) }]
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

const damage = (code: WarningCode, text: keyof typeof texts): TextDamage => ({ code, message: texts[text] })

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
/** U+FFFD, also as GBK reads it in UTF-8, and the boxes that are shown in its place. */
const replacement = /\ufffd|锟斤拷|\p{L}[□■▯⍰◊]\p{L}|^[¿□▯⍰]{2,}$/u
const placeholders: ReadonlySet<string> = new Set(placeholderTexts)
/** What a template had in the place of a value that nobody filled in: `{{first_name}}`, `*|FNAME|*`. */
const mergeTag = /^(?:\{\{[^{}]*\}\}|\*\|[^|]*\|\*|\$\{[^{}]*\}|<%.*%>|%%?[A-Z_]+%%?)$/s
const aroundPlaceholder = /^(?:#\/|[\s\p{Ps}\p{Pd}<"'])+|[\s\p{Pe}\p{Pd}>"']+$/gu
const longestPlaceholder = 40
/** Several question marks may be lost letters. */
const signsOnly = /^(?!.*[?¿]{2})[\p{P}\p{Zs}\p{Lm}+=<>|~^]+$/u
/** Fields of names and addresses, which hold neither sentences nor code. */
const plainField = /^(?!metadata).*(?:^|\.)(?:name|line_\d|city|district|canton|state)$/
/** A house number is often all of it. */
const addressLine = /\.line_\d$/
/** A part without a value at an end of a text that a program has joined: `Ann undefined`. Null is a name as well. */
const emptyPart =
  /^(?:undefined|null(?=.*\p{Lu}\p{Ll})|[(<[]null[)>\]])(?![^\s,;])|(?<![^\s,;])(?:undefined|NaN|(?<=\p{Lu}\p{Ll}.*)null|[(<[]null[)>\]]|\[object \w+\])$/u
/** A text as programs print it: `['Ann']`, `b'Ann'`, `{"name": "Ann"}`. */
const literal = /^(?:[bu](['"]).*\1|\[(['"]).*\2\]|\((['"]).*\3,?\)|\{\s*(['"]).*\4\s*:.*\})$/s

/** False for most texts. */
const mayHaveEmptyPart = (text: string): boolean =>
  ('un(<['.includes(text.charAt(0)) || 'dlN)>]'.includes(text.charAt(text.length - 1))) &&
  text.length <= mostLooked

/** False for texts that are refused as suspect blanks. */
function isPlaceholder(text: string, field: string): boolean {
  if (mayHaveEmptyPart(text) && plainField.test(field) && emptyPart.test(text)) return !isSuspectBlank(text)
  if (text.length > longestPlaceholder) return false
  // Most texts have nothing to take off.
  const isPlain = !/[^A-Za-z\d\s]/.test(text)
  const bare = isPlain ? text.trim() : text.replace(aroundPlaceholder, '').replace(/\. /g, '.')
  if (placeholders.has(text) || placeholders.has(bare.toLowerCase())) return !isSuspectBlank(text)
  return !isPlain && (mergeTag.test(text) || signsOnly.test(text))
}

/** What a name or a line of an address holds only by mistake. */
const strangeKinds = (
  [
    ['templates', 'W_PLACEHOLDER'],
    ['errors', 'W_PLACEHOLDER'],
    ['cut', 'W_TRUNCATED'],
    ['lineBreak', 'W_OTHER_FORMAT'],
    ['otherFormat', 'W_OTHER_FORMAT'],
    ['otherField', 'W_SHIFTED'],
  ] as const
).map(([kind, code]) => {
  const { message, patterns } = strangeTexts[kind]
  return { found: { code, message }, pattern: new RegExp(patterns.join('|'), 'u') }
})
const sheetError: TextDamage = { code: 'W_PLACEHOLDER', message: strangeTexts.errors.message }
/** False for most texts. */
const mayBeStrange = /[\t\n:;*%$@=_[\]{}<>•●█~…]|^[('"`]|\w\(/
/** The same for texts of letters, digits and plain signs. */
const mayBeOtherValue = /^[+\d][\d\s()./-]*$|@|-\w{4}-|^\(|^\w+\(|\.{3}$/

/** What JSON, XML, SQL, Python, R, e-mail and web addresses write in the places of letters. */
const escaped = new RegExp(
  [
    String.raw`\\u(?:X{4}|\{)|(?:^|\p{L})\\x(?:[89a-fA-F]X|2[27])|\\3[0-7]{2}\\2[0-7]{2}|\\['"]|\w\\/|\\r\\n|<U\+X{4,6}>|_x00X{2}_`,
    String.raw`(?<=[\p{L}\d.,)])(?<!\\.*)\\[nt](?=[\p{Lu}\d])|(?<!:)\\[,;]|\p{L}''(?=\p{L})`,
    String.raw`\p{L}\\[23][0-7]{2}(?!\d)|\p{L}%[C-F]X(?=\p{Ll})`,
    String.raw`%uX{4}|%[c-fC-F]X(?:%[89abAB]X)+|\p{L}%2X(?=[\p{L}+%])`,
    String.raw`=[c-fC-F]X=[89abAB]X|\p{L}=[C-F][\dA-F](?=\p{Ll})`,
  ]
    .join('|')
    .replaceAll('X', String.raw`[\da-fA-F]`),
  'u',
)
const encodedWord = /=\?[\w-]+\?[QB]\?\S*\?=/i

function hasEscapes(text: string): boolean {
  return (
    /[\\%=_]|''|<U/.test(text) && (encodedWord.test(text) || (escaped.test(text) && !webAddress.test(text)))
  )
}

/** Most texts: in them is neither a character that cannot be seen, nor one that a wrong encoding leaves. */
const ordinary = /^[A-Za-z\d .,@&/()+-]*$/
const ordinaryWithQuote = /^(?!.*'')[A-Za-z\d .,@&/()+'-]*$/

/** True for letters, digits and spaces, as most texts are. They may be a placeholder or a date, but no damage. */
export function isPlainText(text: string): boolean {
  return /^[A-Za-z][A-Za-z\d ]*$/.test(text) && !text.endsWith(' ')
}

/** Finds damage that no rule of Rapyd's would refuse. `isFree`, `isCode` and `field` as in `TextColumn`. `findMisreading` is that of the file. */
export function textDamage(
  text: string,
  isFree: boolean,
  isCode: boolean,
  field = '',
  findMisreading = createFindMisreading(),
): TextDamage | undefined {
  if ((isCode || addressLine.test(field)) && shortDate.test(text)) return damage('W_SPREADSHEET_DATE', 'date')
  if (!isFree && isPlaceholder(text, field)) return damage('W_PLACEHOLDER', 'placeholder')
  if (isPlainText(text)) return undefined
  if (shortenedNumber.test(text)) return damage('W_SHORTENED_NUMBER', 'shortenedNumber')
  const isOrdinary = ordinary.test(text)
  const start = text.slice(0, mostLooked)
  if (!isFree && !isCode && (isOrdinary ? mayBeOtherValue : mayBeStrange).test(start)) {
    const strange = plainField.test(field) && strangeKinds.find(({ pattern }) => pattern.test(start))
    if (strange && !isSuspectBlank(text)) return strange.found
  }
  if (isOrdinary) return undefined
  if (start.includes('#') && holdsSheetError(start) && !isSuspectBlank(text)) return sheetError
  if (isCode && isLookAlike(start, field)) return damage('W_LOOKALIKE', 'lookAlike')
  if (literal.test(text) && plainField.test(field)) return damage('W_ENCODING', 'escapes')
  if (text.includes("'") && ordinaryWithQuote.test(text)) return undefined
  if (replacement.test(text)) return damage('W_ENCODING', 'replaced')
  if (hasEscapes(start)) return damage('W_ENCODING', 'escapes')
  if (start.includes('?') && hasLostLetters(start, isFree, field)) return damage('W_ENCODING', 'lostLetters')
  const misreading = findMisreading(start)
  return misreading && damage('W_ENCODING', misreading)
}

/** Digits of the script belong to a postcode, but not next to others. */
function isLookAlike(text: string, field: string): boolean {
  if (fullWidth.test(text) || findLookAlike(text) !== undefined) return true
  return /(?!\d)\p{Nd}/u.test(text) && (/\d/.test(text) || !field.endsWith('zip'))
}

/** False for most texts, so that they are done with at once. */
export const mayBeWrapped = /[&<\t]|^\d{1,3},\d{3}|^[{\s=＝+@'"’‘`´-]|[.,]0+\s*$/

/** Finds what an export has written around a text or into it. */
export function* findWrappers(
  text: string,
  { field, isFree, isCode, isNumber }: TextColumn,
): Generator<TextDamage> {
  const bare = unguard(text, isCode && !isFree)
  if (bare !== undefined) yield damage('W_FORMULA', 'guarded')
  else if (isFormula(text)) yield damage('W_FORMULA', 'formula')
  const core = bare ?? text.trim()
  if (hasFraction(core) && (isNumber || (isCode && /^\d{4}/.test(core)))) yield damage('W_FLOAT', 'fraction')
  if (addressLine.test(field) && /(?:^|\s)\d+\.0$/.test(core)) yield damage('W_FLOAT', 'fraction')
  if (isNumber && /^\d{1,3}(?:,\d{3})+$/.test(core)) yield damage('W_FLOAT', 'thousands')
  if (decodeHtml(text) !== text) yield damage('W_HTML', withoutTags(text) === text ? 'entities' : 'tags')
}

/** People write `???` in texts of their own. */
function hasLostLetters(text: string, isFree: boolean, field: string): boolean {
  if (webAddress.test(text) || isSuspectBlank(text)) return false
  const mayEndSo = !nameField.test(field) || text.includes('¿')
  if (markedWord.test(text) || (!mayEndSo && markedEnd.test(text))) return true
  return !/\p{L}/u.test(text) && text.includes('??') && text.split('?').length > (isFree ? 4 : 2)
}

/** As columns of fixed width, files with a space after each comma, and cells with a line break at an end have them. */
const padded = /^[ \r\n]|(?:[\r\n]| {2})$/

/**
 * Finds a character that cannot be seen: at the ends of a text, and inside a name or a code of the user's own. Other codes have a
 * rule.
 */
export function findUnseen(text: string, { field, isFree, isCode }: TextColumn): TextDamage | undefined {
  const isPadded = (padded.test(text) && field !== 'description') || (isCode && text.endsWith(' '))
  if (isPadded && !isSuspectBlank(text))
    return { code: 'W_INVISIBLE_CHAR', message: 'has spaces or a line break at an end' }
  if (ordinary.test(text) || isInvisible(text) || (isCode && !isFree)) return undefined
  const atEnd = findInvisibleAtEnd(text)
  const inside = isCode || plainField.test(field) ? findInvisibleInside(text) : undefined
  const point = atEnd ?? inside
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

/** Extended JSON of MongoDB, DynamoDB and Firestore: the only member of an object is the type of its value. */
const typeName =
  /^(?:\$(?:date|oid|numberLong|numberInt|numberDouble|numberDecimal|uuid|binary|timestamp)|S|N|BOOL|NULL|SS|NS|(?:string|integer|double|boolean|null|timestamp|array|map)Value)$/

/** Paths of values inside metadata that are written with their type. */
export function* typedValuesOf(value: JsonValue | undefined, path: string): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  const members = Object.entries(value)
  if (
    members.length === 1 &&
    members.every(([key, inner]) => typeName.test(key) && typeof inner !== 'object')
  )
    yield path
  else
    for (const [key, inner] of members)
      if (typeof inner === 'object') yield* typedValuesOf(inner, `${path}.${key}`)
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
const numberNames = new RegExp(
  `(?:${separator}(?:${names.numbers})|${names.numberEnds})${end}|(?:^|\\.)(?:${names.numberStarts})[._\\s-]`,
  'imu',
)
const codeNames = new RegExp(`${separator}(?:${names.codes})${end}|${numberNames.source}`, 'imu')
const otherNames = new RegExp(`${separator}(?:${names.others})(?:$|[._\\s-])`, 'imu')

/** `account_no`, `customerId` and `Telefonnummer` are names of numbers. That of a column counts only for the user's own texts. */
export function toTextColumn(field: string, isFree: boolean, name = ''): TextColumn {
  const words = `${field}\n${isFree ? name : ''}`.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, '_')
  const isCode = codeNames.test(words) && !otherNames.test(words)
  return { field, isFree, isCode, isNumber: isCode && (!isFree || numberNames.test(words)) }
}
