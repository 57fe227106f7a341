/**
 * Fixes a cell if only one text can have been meant. The caller must check the row again. Lost digits, zeros and plus signs, and
 * ambiguous dates, are not fixed, because the original text is unknown.
 */
import type { ErrorCode, Problem, WarningCode } from '../model/errors.ts'
import { trimInvisible, withoutDirection } from '../model/invisible.ts'
import { fullWidth } from '../model/look-alikes.ts'
import { decodeHtml, hasFraction, isFormula, unguard, withoutFraction } from '../model/wrappers.ts'
import {
  codeRule,
  isCustomerId,
  countryRule,
  dateRule,
  emailRule,
  ewalletRule,
  passes,
  paymentMethodRule,
  phoneRule,
} from '../rapyd/customer-fields.ts'
import { countryCode, dateChange } from './transforms.ts'
import { hasTrunkZero, isPossiblePhone } from './trunk-zero.ts'

export interface Fix {
  readonly text: string
  /** A description without the cell's text. */
  readonly change: string
}

type Rewrite = (text: string) => Fix | undefined

type IsRight = (text: string, fixable: Fixable, cell: string) => boolean

/** The test of a fixed cell, and a rewrite in addition to removing what is around the text. */
const repairs: Readonly<
  Partial<Record<ErrorCode | WarningCode, readonly [isRight: IsRight, rewrite?: Rewrite]>>
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
  W_FLOAT: [
    (text) => !hasFraction(text),
    (text) => ({ text: withoutFraction(text), change: 'the fraction .0 removed' }),
  ],
  W_FORMULA: [(text) => unguard(text, true) === undefined && !isFormula(text)],
  W_HTML: [isDecoded],
  W_LOOKALIKE: [(text) => !fullWidth.test(text), rewriteFullWidth],
}

type Fixable = Omit<Problem, 'code'> & { readonly code: ErrorCode | WarningCode }

/** Returns undefined if no fix is certain. */
export function findFix(fixable: Fixable, cell: string): Fix | undefined {
  const [isRight, rewrite] = repairs[fixable.code] ?? []
  if (isRight === undefined) return undefined
  for (const { text, change } of unwrap(cell)) {
    const rewritten = rewrite?.(text)
    const fixes = [{ text, change }, ...(rewritten === undefined ? [] : [rewritten])]
    const fix = fixes.find((made) => made.text !== cell && isRight(made.text, fixable, cell))
    if (fix !== undefined) return fix
  }
  return undefined
}

/** Removes what exports write around a text, one kind after the other. */
function* unwrap(cell: string): Generator<Fix> {
  const trimmed = trimInvisible(cell)
  const seen = trimmed === cell ? cell : withoutDirection(trimmed)
  yield {
    text: seen,
    change:
      seen === cell.trim()
        ? 'spaces around it removed'
        : 'characters that cannot be seen removed at its ends',
  }
  const decoded = trimInvisible(decodeHtml(seen))
  if (decoded !== seen) yield { text: decoded, change: 'HTML decoded' }
  const bare = unguard(decoded, true)
  if (bare !== undefined) yield { text: bare, change: 'quotes or a guard against formulas removed' }
}

/** Not certain for links, whose address would be lost, and for new lines in a field of one line. */
function isDecoded(text: string, { field }: Fixable, cell: string): boolean {
  const hasNewLine = text.includes('\n') && !cell.includes('\n')
  const takesLines = /(?:^|\.)(?:description|metadata)(?:$|\.)/.test(field)
  return decodeHtml(text) === text && !/(?:<|&lt;)(?:a|img)\s/i.test(cell) && (!hasNewLine || takesLines)
}

/** Keeps the spaces inside a code, such as a postcode. */
function rewriteSpaces(text: string): Fix {
  return { text: text.replace(/\p{Zs}/gu, ' '), change: 'spaces of another kind replaced by plain ones' }
}

function rewriteFullWidth(text: string): Fix {
  const plain = text.replace(RegExp(fullWidth, 'g'), (character) => character.normalize('NFKC'))
  return { text: plain, change: 'full-width characters written as plain ones' }
}

/** A few digits after a slash or in brackets may be an extension. */
const mayBeExtension = /\(\s*0+\s*\)|\(\s*\d{1,4}\s*\)$|\/\s*\d{1,3}$/

/** For a number of a plus sign, digits and separators. A trunk zero is not fixed: it is a digit that must be removed. */
function rewritePhone(text: string): Fix | undefined {
  if (text.length > 40 || !/^\+[\d\s().\-/\u2010-\u2015]+$/.test(text) || mayBeExtension.test(text))
    return undefined
  const number = `+${withoutFraction(text).replace(/\D+/g, '')}`
  const isSure = isPossiblePhone(number) && !hasTrunkZero(number)
  return isSure ? { text: number, change: 'signs between the digits removed' } : undefined
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
