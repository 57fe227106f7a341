/** Telephone numbers as people write them to E.164, for the transform `phone`. Loads its library only when asked for. */
import { didYouMean } from '../domain/nearest.ts'
import type { Defect } from '../rapyd/field-rules.ts'
import { countryChange } from './country-names.ts'
import type { Mistake, TextChange } from './changes.ts'

const notANumber: Defect = { code: 'E_PHONE', message: 'not one whole phone number of a possible length' }
const noPlus: Defect = { code: 'E_PHONE', message: 'a phone number with a country code but no plus sign' }
const extension: Defect = { code: 'E_PHONE', message: 'a phone number with an extension' }

/** `country` is where numbers without a country code are. The length must be possible; whether a line exists nobody here knows. */
export async function phoneChange(country: string): Promise<TextChange | Mistake> {
  const { isSupportedCountry, parsePhoneNumberFromString } = await import('libphonenumber-js/max')
  if (!isSupportedCountry(country)) {
    const near = countryChange()(country)
    return {
      mistake: `"${country}" is no country with phone numbers`,
      remedy: `${didYouMean(typeof near === 'string' ? near : undefined)}Write its ISO 3166-1 alpha-2 code, such as US.`,
    }
  }
  return (text) => {
    const number = parsePhoneNumberFromString(text, { defaultCountry: country, extract: false })
    if (number === undefined || !number.isPossible()) return notANumber
    if (number.ext !== undefined) return extension
    // The library would take 4930… in Germany for +49 30…; whether a plus or a zero was lost nobody can tell. In North
    // America the 1 is both, and the number the same.
    const { countryCallingCode, nationalNumber } = number
    const plusLost = text.replace(/\D+/g, '') === countryCallingCode + nationalNumber && !text.includes('+')
    return plusLost && countryCallingCode !== '1' ? noPlus : number.number
  }
}
