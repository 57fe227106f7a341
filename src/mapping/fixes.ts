/**
 * Repairs a cell where only one text can have been meant, and says what it did. The caller must hold the new text to the rules
 * again. Lost digits, zeros and plus signs, and dates that can be read in two ways, are left alone: nothing says what they were.
 */
import type { ErrorCode } from '../model/error-codes.ts'
import type { Problem } from '../model/problem.ts'
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
import { countryCode } from './transforms.ts'

export interface Fix {
  readonly text: string
  /** What was done, without the cell's content. */
  readonly change: string
}

type Rewrite = (text: string) => Fix | undefined

const passes =
  (rule: Rule) =>
  (text: string): boolean =>
    rule(text) === undefined

/** What makes a cell right, and another way to write it than without the spaces around it. */
const repairs: Readonly<
  Partial<Record<ErrorCode, readonly [isRight: (text: string) => boolean, rewrite?: Rewrite]>>
> = {
  E_ID: [isCustomerId],
  E_EMAIL: [
    passes(emailRule),
    (text) => ({ text: text.replace(/^mailto:/i, ''), change: '"mailto:" removed' }),
  ],
  E_PHONE: [passes(phoneRule), plainPhone],
  E_DATE: [passes(dateRule), isoDate],
  E_COUNTRY: [passes(countryRule), countryOf],
  E_EWALLET: [passes(ewalletRule)],
  E_PAYMENT_METHOD: [passes(paymentMethodRule)],
}

/** Returns undefined if no fix is certain. */
export function fixOf({ code }: Problem, cell: string): Fix | undefined {
  const [isRight, rewrite] = repairs[code] ?? []
  const text = cell.trim()
  const fixes = [{ text, change: 'spaces around it removed' }, rewrite?.(text)]
  return fixes.find((fix) => fix !== undefined && fix.text !== cell && isRight?.(fix.text) === true)
}

/** Of a number with a plus sign, and nothing but digits and what people put between them. `(0)` is a digit that must go, and not by us. */
function plainPhone(text: string): Fix | undefined {
  if (text.length > 40 || !/^\+[\d\s().\-/\u2010-\u2015]+$/.test(text) || /\(\s*0+\s*\)/.test(text))
    return undefined
  return { text: `+${text.replace(/\D+/g, '')}`, change: 'signs between the digits removed' }
}

/** ISO 8601 can be read in one way only. */
function isoDate(text: string): Fix | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  return year === undefined
    ? undefined
    : { text: `${day}/${month}/${year}`, change: 'the date written as DD/MM/YYYY' }
}

function countryOf(text: string): Fix | undefined {
  const code = countryCode(text)
  return typeof code === 'string'
    ? { text: code, change: 'the country written as its two-letter code' }
    : undefined
}
