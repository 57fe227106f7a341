/** Postcodes that have lost a leading zero, told where the address names a country whose postcodes all have one length. */
import type { JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'

const letters = (country: string): number => (country.charCodeAt(0) << 8) | country.charCodeAt(1)

/** By their two letters: countries in which every postcode has so many digits, and some begin with 0. */
const digitsOf: ReadonlyMap<number, number> = new Map([
  ...['DE', 'ES', 'FI', 'FR', 'IT', 'MX', 'TR', 'US'].map((country) => [letters(country), 5] as const),
  [letters('CN'), 6],
  [letters('SG'), 6],
])

/** Whether a postcode of so many digits is one short. `country`: the codes of its two letters, 8 bits each. */
export function isShortPostcode(digits: number, country: number): boolean {
  return digitsOf.get(country) === digits + 1
}

/** Paths of the addresses' `zip` that are a digit short. */
export function shortPostcodes(addresses: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(addresses)) return []
  return addresses.flatMap((address: JsonValue, index) => {
    if (!isJsonObject(address)) return []
    const { zip, country } = address
    if (typeof zip !== 'string' || typeof country !== 'string') return []
    return country.length === 2 && isShortPostcode(zip.length, letters(country)) && /^\d+$/.test(zip)
      ? [`addresses[${index}].zip`]
      : []
  })
}
