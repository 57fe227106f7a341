/** Postcodes that have lost a leading zero, told where the address names a country whose postcodes all have one length. */
import type { JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import { made } from '../domain/raw-record.ts'
import type { RawRecord } from '../domain/raw-record.ts'

const letters = (country: string): number => (country.charCodeAt(0) << 8) | country.charCodeAt(1)

/** By their two letters: countries in which every postcode has so many digits, and some begin with 0. */
const digitsOf: ReadonlyMap<number, number> = new Map([
  ...['DE', 'ES', 'FI', 'FR', 'IT', 'MX', 'TR', 'US'].map((country) => [letters(country), 5] as const),
  [letters('CN'), 6],
  [letters('SG'), 6],
])

/** Whether a postcode of so many digits is one short. */
function isShort(digits: number, country: number): boolean {
  return digitsOf.get(country) === digits + 1
}

/** The same as `shortPostcodes` for a record whose columns are known. */
export function hasShortPostcode(record: RawRecord, zip: number, country: number): boolean {
  const { bytes, starts, ends, kinds } = record
  const at = starts[country] ?? 0
  if (kinds[zip] !== made.digit || (ends[country] ?? 0) - at !== 2) return false
  return isShort((ends[zip] ?? 0) - (starts[zip] ?? 0), ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
}

/** Paths of the addresses' `zip` that are a digit short. */
export function shortPostcodes(addresses: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(addresses)) return []
  return addresses.flatMap((address: JsonValue, index) => {
    if (!isJsonObject(address)) return []
    const { zip, country } = address
    if (typeof zip !== 'string' || typeof country !== 'string') return []
    return country.length === 2 && isShort(zip.length, letters(country)) && /^\d+$/.test(zip)
      ? [`addresses[${index}].zip`]
      : []
  })
}
