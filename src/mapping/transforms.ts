/** The transforms of a mapping. Each changes a cell or returns a defect, and none guesses. */
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max'
import { didYouMean, shownName, toLetters } from '../model/text.ts'
import { isDay, type CellDefect } from '../rapyd/customer-fields.ts'
import { isExactNumber } from '../model/json.ts'
import { decodeHtml, unguard, withoutFraction } from '../model/wrappers.ts'
import { jsonConversion, type Conversion, type TextChange } from './mapping.ts'
import { iso31661 } from 'iso-3166'
import otherNames from './country-names.json' with { type: 'json' }

/** An error in a transform of the mapping file. */
export interface Mistake {
  readonly mistake: string
  readonly tip: string
}

type TransformEntry =
  | keyof typeof plainTransforms
  | 'unguard'
  | {
      readonly phone?: string | undefined
      readonly date?: string | undefined
      readonly replace?: Readonly<Record<string, string>> | undefined
    }

/** Compiles one entry of `transform:`. `hasForm`: the field takes texts of a fixed form, which no quote begins. */
export async function compileTransform(
  spec: TransformEntry,
  hasForm = false,
): Promise<TextChange | Conversion | Mistake> {
  if (spec === 'unguard') return (text) => unguard(text, hasForm) ?? text
  if (typeof spec === 'string') return plainTransforms[spec]
  if (spec.phone !== undefined) return phoneChange(spec.phone)
  return spec.date === undefined ? replaceChange(spec.replace ?? {}) : dateChange(spec.date)
}

const defect = (code: CellDefect['code'], message: string): CellDefect => ({ code, message })

/** Texts of the mapping match in any normal form (a Mac decomposes letters), and with no-break spaces. */
function toComposed(text: string): string {
  return text.normalize('NFC').replace(/\p{Zs}/gu, ' ')
}

/** The text as a person sees it: without case, spaces around it, and other forms of its letters. */
function toFolded(text: string): string {
  return text.normalize('NFKC').trim().toUpperCase().toLowerCase()
}

function replaceChange(texts: Readonly<Record<string, string>>): TextChange {
  const exact = new Map(Object.entries(texts))
  const composed = new Map([...exact].map(([from, to]) => [toComposed(from), to]))
  const values = new Set([...exact.values()].map(toComposed))
  const folded = new Set([...exact.keys()].map(toFolded))
  const find = (text: string): string | undefined => exact.get(text) ?? composed.get(toComposed(text))
  const compare: TextChange['compare'] = (text) => {
    if (find(text) !== undefined || values.has(toComposed(text))) return 'found'
    return folded.has(toFolded(text)) ? 'alike' : 'other'
  }
  return Object.assign((text: string) => find(text) ?? text, { compare })
}

/** Keeps the digits. Refuses scientific notation, because it has lost digits already. */
function digits(text: string): string | CellDefect {
  if (/^\s*[+-]?\d+(?:[.,]\d+)?E[+-]?\d+\s*$/i.test(text))
    return defect('E_TRANSFORM', 'a number that a spreadsheet has shortened')
  if (/(?!\d)\p{Nd}/u.test(text)) return defect('E_TRANSFORM', 'holds digits of another script')
  return withoutFraction(text.trim()).replace(/\D+/g, '')
}

const notANumber = defect('E_TRANSFORM', 'not a plain decimal number that can be kept exactly')

const numberConversion: Conversion = {
  name: 'number',
  read(text) {
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return notANumber
    const shortest = text.includes('.') ? withoutZeros(text) : text
    return isExactNumber(Number(text), shortest) ? { value: Number(text) } : notANumber
  },
  takes: (value) => typeof value === 'number',
}

/** For a number with a point. A regular expression would be quadratic for many zeros. */
function withoutZeros(text: string): string {
  let end = text.length
  while (text[end - 1] === '0') end--
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end)
}

const booleanConversion: Conversion = {
  name: 'boolean',
  read(text) {
    const word = text.toLowerCase()
    return word === 'true' || word === 'false'
      ? { value: word === 'true' }
      : defect('E_TRANSFORM', 'neither true nor false')
  },
  takes: (value) => typeof value === 'boolean',
}

const plainTransforms = {
  trim: (text: string) => text.trim(),
  // The capital i of Turkish would become two characters.
  lowercase: (text: string) => text.replaceAll('İ', 'i').toLowerCase(),
  uppercase: (text: string) => text.toUpperCase(),
  html: decodeHtml,
  digits,
  country: countryCode,
  number: numberConversion,
  boolean: booleanConversion,
  json: jsonConversion,
} satisfies Record<string, TextChange | Conversion>

const dateParts: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{2})',
  D: '(?<day>\\d{1,2})',
}

/** Midnight after a date, as APIs and spreadsheets write it, in any time zone: the date is the one that is written. */
const midnight =
  /(?:T|,?\s+)(?:0?0[:.]00(?:[:.]00(?:[.,]0+)?)?|12:00(?::00(?:\.0+)?)?\s?A\.?\s?M\.?)(?:\s?(?:Z|[A-Z]{3,4}|[+-]\d\d(?::?\d\d)?))*(?:\[[\w/]+\])?$/i

/**
 * A format has YYYY, MM or M, DD or D, each once, and signs between them. Two-digit years are refused, because their century is
 * unknown. A time of midnight may follow the date.
 */
export function dateChange(format: string): TextChange | Mistake {
  const tokens = format.match(/Y+|M+|D+|[^A-Za-z0-9]|[A-Za-z0-9]+/g) ?? []
  const words = tokens.filter((token) => /[A-Za-z0-9]/.test(token))
  const letters = new Set(words.map((word) => word[0]))
  const known =
    words.every((word) => Object.hasOwn(dateParts, word)) && words.length === 3 && letters.size === 3
  // Next to another number, one digit cannot be told from two.
  const open = tokens.some((token, index) => /^[MD]$/.test(token) && touches(tokens, index))
  if (!known || open) {
    return {
      mistake: `"${shownName(format)}" is no date format`,
      tip: 'Write it with YYYY, MM or M, DD or D and signs between them, such as YYYY-MM-DD or D.M.YYYY.',
    }
  }
  const pattern = new RegExp(
    `^${tokens.map((token) => dateParts[token] ?? RegExp.escape(token)).join('')}(?<time>(?:T|,?\\s+)\\d.*)?$`,
    'u',
  )
  const notADate = defect('E_DATE', `not a date of the form ${format}`)
  return (text) => {
    const { year = '', month = '', day = '', time = '' } = pattern.exec(text)?.groups ?? {}
    if (!isDay(Number(year), Number(month), Number(day))) return notADate
    if (time !== '' && !midnight.test(time))
      return defect('E_DATE', 'a date with a time that is not midnight')
    return `${day.padStart(2, '0')}/${month.padStart(2, '0')}/${year}`
  }
}

function touches(tokens: readonly string[], index: number): boolean {
  return [tokens[index - 1], tokens[index + 1]].some((other) => other !== undefined && /^[YMD]/.test(other))
}

const anyCountry = 'international'

/**
 * `country` is that of numbers without a country code, or `international`, which refuses such numbers. The length must be possible;
 * whether the number exists is not checked.
 */
async function phoneChange(country: string): Promise<TextChange | Mistake> {
  const { isSupportedCountry, parsePhoneNumberFromString } = await import('libphonenumber-js/max')
  const parse = (text: string, options: { readonly defaultCountry?: CountryCode } = {}) =>
    parsePhoneNumberFromString(withoutFraction(text.trim()), { ...options, extract: false })
  if (country === anyCountry) return (text) => toE164(parse(text), /^\s*\+/.test(text))
  if (!isSupportedCountry(country)) {
    const near = countryCode(country)
    return {
      mistake: `"${shownName(country)}" is no country with phone numbers`,
      tip: `${didYouMean(typeof near === 'string' ? near : undefined)}Write its ISO 3166-1 alpha-2 code, such as US, or ${anyCountry} for numbers that all have a plus sign.`,
    }
  }
  return (text) => {
    const number = parse(text, { defaultCountry: country })
    const found = toE164(number, true)
    if (number === undefined || typeof found !== 'string') return found
    // In Germany, the library reads 4930… as +49 30…, but the plus or a zero may be lost. In North America, both are
    // the same number.
    const { countryCallingCode, nationalNumber } = number
    const digitsGiven = withoutFraction(text.trim()).replace(/\D+/g, '')
    const plusLost = digitsGiven === countryCallingCode + nationalNumber && !text.includes('+')
    return plusLost && countryCallingCode !== '1'
      ? defect('E_PHONE', 'a phone number with a country code but no plus sign')
      : found
  }
}

function toE164(number: PhoneNumber | undefined, hasPlus: boolean): string | CellDefect {
  if (!hasPlus) return defect('E_PHONE', 'a phone number without a plus sign and country code')
  if (number === undefined || !number.isPossible())
    return defect('E_PHONE', 'not one whole phone number of a possible length')
  return number.ext === undefined ? number.number : defect('E_PHONE', 'a phone number with an extension')
}

/** Created for the first cell, because most commands do not need it. */
let table: ReadonlyMap<string, string> | undefined

/** Returns the alpha-2 code for alpha-2 or alpha-3 in any case, or an English name: of ISO, of CLDR, everyday or former. */
export function countryCode(text: string): string | CellDefect {
  table ??= createTable()
  const name = text.replace(/^\s*the\s/i, '')
  return (
    table.get(text.trim().toUpperCase()) ??
    table.get(toLetters(name)) ??
    defect('E_COUNTRY', 'not the name or code of one country')
  )
}

/** ISO's name of one country, which is also used for its neighbour. */
const ambiguous = 'congo'

/** Keys are codes in upper case and names in lower case. */
function createTable(): ReadonlyMap<string, string> {
  const codes = new Map<string, string>()
  const inUse = new Intl.DisplayNames('en', { type: 'region' })
  const short = new Intl.DisplayNames('en', { type: 'region', style: 'short' })
  for (const { alpha2, alpha3, name } of iso31661) {
    codes.set(alpha2, alpha2).set(alpha3, alpha2)
    for (const known of [name, inUse.of(alpha2), short.of(alpha2)]) {
      const key = toLetters(known ?? '')
      if (key !== '' && key !== ambiguous) codes.set(key, alpha2)
    }
  }
  for (const [alpha2, names] of Object.entries(otherNames))
    for (const name of names) codes.set(toLetters(name), alpha2)
  return codes
}
