/**
 * Mends a cell where only one text can have been meant, and says what it did. Whoever asks must hold the new text to the
 * rules again. Lost digits, zeros and plus signs, and dates that can be read in two ways, are left alone: nobody knows them.
 */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { Problem } from '../domain/problem.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import {
  countryRule,
  dateRule,
  emailRule,
  ewalletRule,
  paymentMethodRule,
  phoneRule,
} from '../rapyd/field-rules.ts'
import type { Rule } from '../rapyd/field-rules.ts'
import { countryCode } from './country-names.ts'

export interface Remedy {
  readonly text: string
  /** What was done, without the cell's content. */
  readonly change: string
}

const spaces = 'spaces around it removed'

/** `cell` as it stands, and `text`, which is the cell without the spaces around it. */
type Mend = (cell: string, text: string) => Remedy | undefined

const mends: Readonly<Partial<Record<ErrorCode, Mend>>> = {
  E_ID: (cell, text) => (text !== cell && isCustomerId(text) ? { text, change: spaces } : undefined),
  E_EMAIL: emailOf,
  E_PHONE: (cell, text) => trimmed(cell, text, phoneRule) ?? phoneOf(text),
  E_DATE: (cell, text) => trimmed(cell, text, dateRule) ?? dateOf(text),
  E_COUNTRY: (cell, text) => trimmed(cell, text, countryRule) ?? countryOf(text),
  E_EWALLET: (cell, text) => trimmed(cell, text, ewalletRule),
  E_PAYMENT_METHOD: (cell, text) => trimmed(cell, text, paymentMethodRule),
}

/** Returns undefined if the remedy is not certain. */
export function remedyOf({ code }: Problem, cell: string): Remedy | undefined {
  return mends[code]?.(cell, cell.trim())
}

function countryOf(text: string): Remedy | undefined {
  const code = countryCode(text)
  return typeof code === 'string'
    ? { text: code, change: 'the country written as its two-letter code' }
    : undefined
}

function trimmed(cell: string, text: string, rule: Rule): Remedy | undefined {
  return text !== cell && text !== '' && rule(text) === undefined ? { text, change: spaces } : undefined
}

function emailOf(cell: string, text: string): Remedy | undefined {
  const address = text.replace(/^mailto:/i, '')
  if (address === cell || address === '' || emailRule(address) !== undefined) return undefined
  return { text: address, change: address === text ? spaces : '"mailto:" removed' }
}

/** A plus sign, and nothing but digits and what people put between them. `(0)` is a digit that must go, and not by us. */
const international = /^\+[\d\s().\-/\u2010-\u2015]+$/

function phoneOf(text: string): Remedy | undefined {
  if (text.length > 40 || !international.test(text) || /\(\s*0+\s*\)/.test(text)) return undefined
  const number = `+${text.replace(/\D+/g, '')}`
  return phoneRule(number) === undefined
    ? { text: number, change: 'signs between the digits removed' }
    : undefined
}

/** ISO 8601 can be read in one way only. */
function dateOf(text: string): Remedy | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = `${day}/${month}/${year}`
  return dateRule(date) === undefined ? { text: date, change: 'the date written as DD/MM/YYYY' } : undefined
}
