/** What spreadsheets and wrong encodings leave in texts that no rule of Rapyd's would refuse. Runs for every cell of every row. */
import type { WarningCode } from '../domain/warning.ts'

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
const placeholders: ReadonlySet<string> = new Set([
  '-',
  '--',
  '---',
  '?',
  '.',
  'none',
  'n.a.',
  'unknown',
  'tbd',
])

/** Where one of these stands, something may be wrong. */
const telling = /[\u00c2\u00c3\u00e2\ufffd]/

/**
 * `isFree`: the text is the user's own (metadata), where `none` is as good as any other. `isCode`: it stands where a number
 * or code does, and a date does not.
 */
export function textDamage(text: string, isFree: boolean, isCode: boolean): Damage | undefined {
  if (text.length <= 16) {
    if (text.charCodeAt(0) <= 0x39 && shortenedNumber.test(text)) return shortened
    if (isCode && text.length <= 6 && shortDate.test(text)) return date
    if (!isFree && text.length <= 7 && placeholders.has(text)) return placeholder
  }
  if (!telling.test(text)) return undefined
  if (text.includes('\ufffd')) return lost
  return twiceEncodedText.test(text) ? twiceEncoded : undefined
}
