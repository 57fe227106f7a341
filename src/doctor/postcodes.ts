/** Postcodes that have lost a leading zero, told where the address names a country whose postcodes all have one length. */
import type { JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'

/** Countries in which every postcode has so many digits, and some begin with 0. */
const digitsOf: ReadonlyMap<string, number> = new Map([
  ...['DE', 'ES', 'FI', 'FR', 'IT', 'MX', 'TR', 'US'].map((country) => [country, 5] as const),
  ['CN', 6],
  ['SG', 6],
])

/** Paths of the addresses' `zip` that are a digit short. */
export function shortPostcodes(addresses: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(addresses)) return []
  return addresses.flatMap((address: JsonValue, index) => {
    if (!isJsonObject(address)) return []
    const { zip, country } = address
    if (typeof zip !== 'string' || typeof country !== 'string') return []
    return digitsOf.get(country) === zip.length + 1 && /^\d+$/.test(zip) ? [`addresses[${index}].zip`] : []
  })
}
