/** Checks of the values that a row sends. They are too costly, or too uncertain, for `update`. */
import { crc32 } from 'node:zlib'
import { hasTrunkZero } from '../mapping/trunk-zero.ts'
import { isJsonObject, isList, type JsonValue } from '../model/json.ts'
import type { PatchedRow } from '../model/row.ts'
import type { OnWarning } from '../model/errors.ts'
import { withoutFraction } from '../model/wrappers.ts'
import { mostPlaces, type RowPlace } from './findings.ts'
import postcodeDigitTable from './postcode-digits.json' with { type: 'json' }

const longestLife = 120 * 365.25 * 86_400_000
/** The same digit to its end, but for a country code. */
const noPhone = /^\+\d{1,4}?(\d)\1{7}\1*$/

/** Sandboxes of Salesforce and deleted users have such addresses, and guests of Microsoft 365. */
const noMailbox = /\.(?:invalid|local)$|#EXT#@/i
const nobody =
  'none|no|null|undefined|unknown|n/?a|test|x{2,}|asdf|anonymous|no-?e?mail|e?mail|keine?|sinmail|sincorreo'
const noAddress = new RegExp(`^(?:${nobody})@(?:${nobody})\\.`, 'i')

/** Returns a check for the patch of each row. `dates` gets the dates of birth. */
export function createRowChecks(
  warn: OnWarning,
  dates: DateOrder,
): (patched: PatchedRow, place: RowPlace) => void {
  const [emails, now] = [createSharedEmails(), Date.now()]

  function checkBirth(born: string): void {
    const [day, month] = [Number(born.slice(0, 2)), Number(born.slice(3, 5))]
    const age = now - Date.UTC(Number(born.slice(6)), month - 1, day)
    if (age >= 0 && age <= longestLife) return
    const message = age < 0 ? 'a day that is still to come' : 'more than 120 years ago'
    warn('W_UNLIKELY_DATE', 'date_of_birth', message)
  }

  function checkPhone(phone: JsonValue | undefined, field: string): void {
    if (typeof phone !== 'string') return
    if (phone.at(-1) === phone.at(-2) && noPhone.test(phone))
      warn('W_PLACEHOLDER', field, 'a phone number that stands for nothing (+10000000000)')
    if (hasTrunkZero(phone))
      warn(
        'W_TRUNK_ZERO',
        field,
        'a digit after the country code (mostly 0) that is dialled only inside the country',
      )
  }

  function checkEmail(email: string, customerId: string): void {
    if (emails.add(email, customerId))
      warn('W_SHARED_EMAIL', 'email', 'the e-mail address of another customer, too')
    if (noMailbox.test(email) || noAddress.test(email))
      warn('W_PLACEHOLDER', 'email', 'an address that no mail arrives at (….invalid, none@none.com)')
  }

  return ({ patch, customerId }, place) => {
    const { email, date_of_birth: born, addresses } = patch
    if (typeof email === 'string' && email !== '') checkEmail(email, customerId)
    if (typeof born === 'string' && born !== '') {
      dates.addValid(born, place)
      checkBirth(born)
    }
    checkPhone(patch['phone_number'], 'phone_number')
    for (const [index, address] of isList(addresses) ? addresses.entries() : [])
      if (isJsonObject(address)) checkPhone(address['phone_number'], `addresses[${index}].phone_number`)
    for (const field of shortPostcodes(addresses))
      warn('W_LOST_ZERO', field, 'a postcode that is too short for its country: a zero may be lost')
  }
}

/** For countries whose postcodes all have this many digits, some of them with a leading 0. */
const postcodeDigits: ReadonlyMap<string, number> = new Map(Object.entries(postcodeDigitTable))

/** Paths of postcodes that are too short: 601 for 00601. */
function shortPostcodes(addresses: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(addresses)) return []
  return addresses.flatMap((address: JsonValue, index) => {
    if (!isJsonObject(address)) return []
    const { zip, country } = address
    if (typeof zip !== 'string' || typeof country !== 'string') return []
    const digits = withoutFraction(zip)
    const isShort = /^\d+$/.test(digits) && (postcodeDigits.get(country) ?? 0) > digits.length
    return isShort ? [`addresses[${index}].zip`] : []
  })
}

export type DateOrder = ReturnType<typeof createDateOrder>

/**
 * Finds dates with the month first. They pass as day first up to the twelfth of a month. If a column has dates that can only be
 * read month first, its ambiguous dates are reported.
 */
export function createDateOrder() {
  const places: RowPlace[] = []
  let [ambiguous, monthFirst] = [0, 0]
  return {
    /** Adds a valid date, as DD/MM/YYYY. */
    addValid(date: string, { row, line }: RowPlace): void {
      const [day, month] = [Number(date.slice(0, 2)), Number(date.slice(3, 5))]
      if (day > 12 || day === month) return
      ambiguous++
      if (places.length < mostPlaces) places.push({ row, line })
    },
    addInvalid(cell: string): void {
      const [, first, second] = /^(\d{1,2})\/(\d{1,2})\/\d{4}$/.exec(cell) ?? []
      if (Number(first) <= 12 && Number(second) > 12 && Number(second) <= 31) monthFirst++
    },
    /** The number of rows whose day and month may be swapped, and the first of them. */
    ambiguous: () => (monthFirst === 0 ? { rows: 0, places: [] } : { rows: ambiguous, places }),
  }
}

/** What other programs keep of a text at most: Access and old Excel 255 characters, databases 4,000, a cell of Excel 32,767. */
const cutLengths = new Set([255, 4_000, 8_000, 32_767, 65_535])

export const leastCut = Math.min(...cutLengths)

export type CutTexts = ReturnType<typeof createCutTexts>

/** Finds columns whose longest texts all have such a length. */
export function createCutTexts() {
  const columns = new Map<string, { length: number; rows: number; readonly places: RowPlace[] }>()
  return {
    /** Adds a text of at least `leastCut` characters. */
    add(field: string, { length }: string, { row, line }: RowPlace): void {
      const column = columns.get(field)
      if (column === undefined || column.length < length)
        columns.set(field, { length, rows: 1, places: [{ row, line }] })
      else if (column.length === length && column.rows++ < mostPlaces) column.places.push({ row, line })
    },
    list: () =>
      Array.from(columns, ([field, column]) => ({ field, ...column })).filter(
        ({ length, rows }) => cutLengths.has(length) && rows > 1,
      ),
  }
}

const mostAddresses = 500_000

/** Keeps hashes, about 40 MB at most. Addresses after the first 500,000 are only compared with those. */
export function createSharedEmails() {
  const customers = new Map<number, number>()
  return {
    /** Returns true if another customer has that address. */
    add(email: string, customerId: string): boolean {
      const [address, customer] = [hashOf(email.toLowerCase()), crc32(customerId)]
      const known = customers.get(address)
      if (known === undefined && customers.size < mostAddresses) customers.set(address, customer)
      return known !== undefined && known !== customer
    },
  }
}

/** A number of 53 bits (cyrb53): many times as fast as a cryptographic hash of so short a text. */
function hashOf(text: string): number {
  let [low, high] = [0xdeadbeef, 0x41c6ce57]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 2_654_435_761)
    high = Math.imul(high ^ code, 1_597_334_677)
  }
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
}
