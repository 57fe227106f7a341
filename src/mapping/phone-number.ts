/** Telephone numbers as people write them to E.164, for the transform `phone`. Loads its library only when asked for. */
import type { PhoneNumber } from 'libphonenumber-js/max'
import { didYouMean } from '../domain/nearest.ts'
import type { Defect } from '../rapyd/field-rules.ts'
import { countryChange } from './country-names.ts'
import type { Mistake, TextChange } from './changes.ts'

const notANumber: Defect = { code: 'E_PHONE', message: 'not one whole phone number of a possible length' }
const noPlus: Defect = { code: 'E_PHONE', message: 'a phone number with a country code but no plus sign' }
const noCountry: Defect = { code: 'E_PHONE', message: 'a phone number without a plus sign and country code' }
const extension: Defect = { code: 'E_PHONE', message: 'a phone number with an extension' }

/** For `country`: numbers with a plus sign alone. */
const anyCountry = 'international'

/** `country` is where numbers without a country code are, or `international`: then there must be none. The length must be possible; whether a line exists nobody here knows. */
export async function phoneChange(country: string): Promise<TextChange | Mistake> {
  const { isSupportedCountry, parsePhoneNumberFromString } = await import('libphonenumber-js/max')
  if (country === anyCountry)
    return (text) => e164Of(parsePhoneNumberFromString(text, { extract: false }), /^\s*\+/.test(text))
  if (!isSupportedCountry(country)) {
    const near = countryChange()(country)
    return {
      mistake: `"${country}" is no country with phone numbers`,
      remedy: `${didYouMean(typeof near === 'string' ? near : undefined)}Write its ISO 3166-1 alpha-2 code, such as US, or ${anyCountry} for numbers that all have a plus sign.`,
    }
  }
  return (text) => {
    const number = parsePhoneNumberFromString(text, { defaultCountry: country, extract: false })
    const found = e164Of(number, true)
    if (number === undefined || typeof found !== 'string') return found
    // The library would take 4930… in Germany for +49 30…; whether a plus or a zero was lost nobody can tell. In North
    // America the 1 is both, and the number the same.
    const { countryCallingCode, nationalNumber } = number
    const plusLost = text.replace(/\D+/g, '') === countryCallingCode + nationalNumber && !text.includes('+')
    return plusLost && countryCallingCode !== '1' ? noPlus : found
  }
}

function e164Of(number: PhoneNumber | undefined, hasPlus: boolean): string | Defect {
  if (!hasPlus) return noCountry
  if (number === undefined || !number.isPossible()) return notANumber
  return number.ext === undefined ? number.number : extension
}
