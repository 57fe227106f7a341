/** Trunk zeros after country codes (+49 030 …), by the numbering plans. Takes time to load. */
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** No calling code begins with another one. */
const callingCodes: ReadonlySet<string> = new Set(
  getCountries().map((country) => getCountryCallingCode(country)),
)

const parse = (phone: string) => parsePhoneNumberFromString(phone, { extract: false })

/** True if a number in E.164 has a zero that is dialled only inside its country, or nowhere. In Italy it belongs to the number. */
export function hasTrunkZero(phone: string): boolean {
  const end = [2, 3, 4].find((length) => callingCodes.has(phone.slice(1, length)))
  // Most numbers need no parsing, which is slow.
  if (end === undefined || phone[end] !== '0') return false
  const number = parse(phone)
  if (number !== undefined && number.number !== phone) return true
  return number?.isValid() !== true && parse(phone.slice(0, end) + phone.slice(end + 1))?.isValid() === true
}
