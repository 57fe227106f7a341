/**
 * Fixes a cell if only one text can have been meant. The caller must check the row again. Lost digits, zeros and plus signs, and
 * ambiguous dates, are not fixed, because the original text is unknown.
 */
import type { ErrorCode, Problem, WarningCode } from '../model/errors.ts'
import { trimInvisible } from '../model/invisible.ts'
import {
  codeRule,
  isCustomerId,
  countryRule,
  dateRule,
  emailRule,
  ewalletRule,
  paymentMethodRule,
  phoneRule,
} from '../rapyd/customer-fields.ts'
import type { Rule } from '../rapyd/customer-fields.ts'
import { countryCode, dateChange } from './transforms.ts'
import { hasTrunkZero } from './trunk-zero.ts'

export interface Fix {
  readonly text: string
  /** A description without the cell's text. */
  readonly change: string
}

type Rewrite = (text: string) => Fix | undefined

const passes =
  (rule: Rule) =>
  (text: string): boolean =>
    rule(text) === undefined

/** The rule of a cell, and a rewrite besides removing what cannot be seen at its ends. */
const repairs: Readonly<
  Partial<Record<ErrorCode | WarningCode, readonly [isRight: (text: string) => boolean, rewrite?: Rewrite]>>
> = {
  E_ID: [isCustomerId],
  E_EMAIL: [
    passes(emailRule),
    (text) => ({ text: text.replace(/^mailto:/i, ''), change: '"mailto:" removed' }),
  ],
  E_PHONE: [passes(phoneRule), rewritePhone],
  E_DATE: [passes(dateRule), rewriteDate],
  E_COUNTRY: [passes(countryRule), rewriteCountry],
  E_EWALLET: [passes(ewalletRule)],
  E_PAYMENT_METHOD: [passes(paymentMethodRule)],
  E_INVISIBLE_CHAR: [passes(codeRule), rewriteSpaces],
  W_INVISIBLE_CHAR: [() => true],
}

type Fixable = Omit<Problem, 'code'> & { readonly code: ErrorCode | WarningCode }

/** Returns undefined if no fix is certain. */
export function findFix({ code }: Fixable, cell: string): Fix | undefined {
  const [isRight, rewrite] = repairs[code] ?? []
  const text = trimInvisible(cell)
  const change =
    text === cell.trim() ? 'spaces around it removed' : 'characters that cannot be seen removed at its ends'
  const fixes = [{ text, change }, rewrite?.(text)]
  return fixes.find((fix) => fix !== undefined && fix.text !== cell && isRight?.(fix.text) === true)
}

/** Keeps the spaces inside a code, such as a postcode. */
function rewriteSpaces(text: string): Fix {
  return { text: text.replace(/\p{Zs}/gu, ' '), change: 'spaces of another kind replaced by plain ones' }
}

/** For a number of a plus sign, digits and separators. A trunk zero is not fixed: it is a digit that must be removed. */
function rewritePhone(text: string): Fix | undefined {
  if (text.length > 40 || !/^\+[\d\s().\-/\u2010-\u2015]+$/.test(text) || /\(\s*0+\s*\)/.test(text))
    return undefined
  const number = `+${text.replace(/\D+/g, '')}`
  return hasTrunkZero(number) ? undefined : { text: number, change: 'signs between the digits removed' }
}

const readIsoDate = dateChange('YYYY-MM-DD')

/** ISO 8601 is unambiguous. */
function rewriteDate(text: string): Fix | undefined {
  const date = typeof readIsoDate === 'function' ? readIsoDate(text) : undefined
  return typeof date === 'string' ? { text: date, change: 'the date written as DD/MM/YYYY' } : undefined
}

function rewriteCountry(text: string): Fix | undefined {
  const code = countryCode(text)
  return typeof code === 'string'
    ? { text: code, change: 'the country written as its two-letter code' }
    : undefined
}
