/** Trunk digits after country codes (+49 030 …, +7 8 495 …), by the numbering plans. */
import { createRequire } from 'node:module'
import type * as Plans from 'libphonenumber-js/max'

/** Country codes of one digit or two (ITU-T E.164). All others have three. */
const short = '[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]'
/** Countries of the former Soviet Union dial an 8, North America a 1. */
const trunkBehindCode = new RegExp(`^\\+(?:(?:${short}|(?!${short})\\d{3})0|(?:7|37[05]|99[2-8])8|11)`)

const load = createRequire(import.meta.url)

function parse(phone: string) {
  // Loaded for the first such number only, because that takes longer than all other work on a small file.
  const plans: typeof Plans = load('libphonenumber-js/max')
  return plans.parsePhoneNumberFromString(phone, { extract: false })
}

/** True if a number in E.164 has a zero, or another digit, that is dialled only inside its country. In Italy it belongs to the number. */
export function hasTrunkZero(phone: string): boolean {
  const code = trunkBehindCode.exec(phone)?.[0].slice(0, -1)
  if (code === undefined) return false
  const number = parse(phone)
  if (number !== undefined && number.number !== phone) return true
  return number?.isValid() !== true && parse(code + phone.slice(code.length + 1))?.isValid() === true
}

/** False for more digits than the plan has: those of an extension are often among them. */
export function isPossiblePhone(phone: string): boolean {
  return parse(phone)?.isPossible() === true
}
