/** What spreadsheets and wrong encodings leave in texts that no rule of Rapyd's would refuse. Runs for every cell of every row. */
import { isJsonObject } from '../model/json.ts'
import type { PatchedRow } from '../model/row.ts'
import type { WarningCode } from '../model/errors.ts'
import { findCustomerField } from '../rapyd/customer-fields.ts'
import placeholderTexts from './placeholders.json' with { type: 'json' }

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
  return findCustomerField(field)?.rule !== undefined && field !== 'occupation'
}

/** Names of what is a number or a code and no text. */
export function isCodeName(field: string): boolean {
  return /(?:^|[._\s-])(?:ids?|code|no|nr|number|sku|ref|reference|key|zip|prefix|coupon|plan|part)$/i.test(
    field,
  )
}
