/**
 * The rules of single values, as Rapyd documents them. Each takes a text that is not empty and gives a code and a
 * fixed message, or nothing. Patterns are linear: they run for every cell of every row.
 */
import type { ErrorCode } from '../model/errors.ts'
import alpha2Codes from './countries.json' with { type: 'json' }

export interface CellDefect {
  readonly code: ErrorCode
  readonly message: string
}

export type Rule = (text: string) => CellDefect | undefined

function rule(code: ErrorCode, message: string, holds: (text: string) => boolean): Rule {
  const defect: CellDefect = { code, message }
  return (text) => (holds(text) ? undefined : defect)
}

const email512 = /^[^\s@"(),:;<>[\\\]]+@[^\s@"(),:;<>[\\\].]+(?:\.[^\s@"(),:;<>[\\\].]+)+$/
const e164 = /^\+[1-9]\d{6,14}$/
const countries: ReadonlySet<string> = new Set(alpha2Codes)

/** A real day of the years from 1000 on. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return year >= 1000 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** "Valid email", at most 512 characters. */
export const emailRule = rule(
  'E_EMAIL',
  'not a valid e-mail address of at most 512 characters',
  (text) => text.length <= 512 && email512.test(text),
)

/** What spreadsheets make of long numbers: `3.53871E+11`, with a comma in some countries. */
const shortenedNumber = /^[+-]?\d+(?:[.,]\d+)?E[+-]?\d+$/i

const notE164: CellDefect = { code: 'E_PHONE', message: 'not a phone number in E.164 form' }
const phoneDefects: readonly (readonly [pattern: RegExp, defect: CellDefect])[] = [
  [shortenedNumber, { code: 'E_PHONE', message: 'a phone number that a spreadsheet has shortened' }],
  [
    /^[1-9]\d{6,14}$/,
    {
      code: 'E_PHONE',
      message: 'a phone number of digits alone: its plus sign, a zero or its country code is missing',
    },
  ],
  [/^00[1-9]\d{6,14}$/, { code: 'E_PHONE', message: 'a phone number with 00 in the place of the plus sign' }],
  [
    /^\+[\d\s().\-/\u2010-\u2015\u00a0]+$/,
    { code: 'E_PHONE', message: 'a phone number with signs between its digits' },
  ],
]

/** E.164 with its plus sign. Rapyd takes digits alone too, but then a lost zero and a lost plus look the same. */
export const phoneRule: Rule = (text) => {
  if (e164.test(text)) return undefined
  return phoneDefects.find(([pattern]) => text.length <= 40 && pattern.test(text))?.[1] ?? notE164
}

/** ISO 3166-1 alpha-2, upper case. */
export const countryRule = rule('E_COUNTRY', 'not an ISO 3166-1 alpha-2 country code', (text) =>
  countries.has(text),
)

const notADate: CellDefect = { code: 'E_DATE', message: 'not a date of the form DD/MM/YYYY' }
const dayNumber: CellDefect = { code: 'E_DATE', message: 'a number, as spreadsheets keep dates' }

/** DD/MM/YYYY. */
export const dateRule: Rule = (text) => {
  const [, day, month, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text) ?? []
  if (isDay(Number(year), Number(month), Number(day))) return undefined
  return /^\d{5}(?:\.0+)?$/.test(text) ? dayNumber : notADate
}

export const occupationRule = rule(
  'E_TOO_LARGE',
  'longer than 35 characters',
  (text) => text.length <= 35 || Array.from(text).length <= 35,
)

export const paymentMethodRule = rule(
  'E_PAYMENT_METHOD',
  'not the id of a payment method (card_… or other_…)',
  (text) => /^(?:card|other)_\S+$/.test(text),
)

export const ewalletRule = rule('E_EWALLET', 'not the id of a wallet (ewallet_…)', (text) =>
  /^ewallet_\S+$/.test(text),
)
