/** Countries by code or English name. Only names that mean one country count. */
import { iso31661 } from 'iso-3166'
import type { CellDefect } from '../rapyd/customer-fields.ts'

/** ISO calls one of two neighbours so; people call both so. */
const ambiguous: ReadonlySet<string> = new Set(['congo'])

/** Case, accents, spaces and punctuation don't count: `Cote d'Ivoire`, `U.S.`. */
function normaliseName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('&', 'and')
    .replace(/[^\p{L}\p{N}]+/gu, '')
}

const defect: CellDefect = { code: 'E_COUNTRY', message: 'not the name or code of one country' }

/** Made for the first cell that asks: every other start of the program does without it. */
let table: ReadonlyMap<string, string> | undefined

/** Alpha-2 or alpha-3 in any case, ISO's English name, or the one that is in use (CLDR's, long or short), to alpha-2. */
export function countryCode(text: string): string | CellDefect {
  table ??= createTable()
  return table.get(text.trim().toUpperCase()) ?? table.get(normaliseName(text)) ?? defect
}

/** Codes are upper case and names lower case. */
function createTable(): ReadonlyMap<string, string> {
  const codes = new Map<string, string>()
  const inUse = new Intl.DisplayNames('en', { type: 'region' })
  const short = new Intl.DisplayNames('en', { type: 'region', style: 'short' })
  for (const { alpha2, alpha3, name } of iso31661) {
    codes.set(alpha2, alpha2).set(alpha3, alpha2)
    for (const known of [name, inUse.of(alpha2), short.of(alpha2)]) {
      const key = normaliseName(known ?? '')
      if (key !== '' && !ambiguous.has(key)) codes.set(key, alpha2)
    }
  }
  return codes
}
