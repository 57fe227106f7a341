/** What the texts of a column look like, counted: from this a mapping is drafted. Keeps no text. */
import { isCustomerId } from '../rapyd/customer-id.ts'
import { countryRule, dateRule, emailRule, phoneRule } from '../rapyd/field-rules.ts'
import type { Rule } from '../rapyd/field-rules.ts'
import { countryChange } from './country-names.ts'

/** Texts that were looked at, and how many of them are of each form. */
export interface Profile {
  looked: number
  id: number
  email: number
  /** Texts with spaces around them. */
  spaced: number
  /** E.164; a plus sign with other signs between the digits; digits without a plus sign. */
  phone: number
  phoneWithPlus: number
  phoneWithoutPlus: number
  /** DD/MM/YYYY; D/M/YYYY; M/D/YYYY; YYYY-MM-DD; D.M.YYYY. One text can be of several forms. */
  rapydDate: number
  dayFirst: number
  monthFirst: number
  isoDate: number
  dottedDate: number
  /** Alpha-2, and names or codes of countries in any way that `country` reads. */
  countryCode: number
  country: number
}

/** More texts of a column than these change nothing. */
const mostLooked = 5_000

export interface Profiler {
  readonly profile: Profile
  add(text: string): void
}

export function createProfiler(countryOf = countryChange()): Profiler {
  const profile: Profile = {
    looked: 0,
    id: 0,
    email: 0,
    spaced: 0,
    phone: 0,
    phoneWithPlus: 0,
    phoneWithoutPlus: 0,
    rapydDate: 0,
    dayFirst: 0,
    monthFirst: 0,
    isoDate: 0,
    dottedDate: 0,
    countryCode: 0,
    country: 0,
  }

  return {
    profile,
    add(text) {
      if (text === '' || profile.looked >= mostLooked) return
      profile.looked++
      if (text.length > 60) return
      profile.id += isCustomerId(text) ? 1 : 0
      profile.spaced += text === text.trim() ? 0 : 1
      profile.email += holds(emailRule, text.trim())
      profile.phone += holds(phoneRule, text)
      if (/^\s*\+[\d\s().\-/]{7,}$/.test(text)) profile.phoneWithPlus++
      else if (/^[\d\s().\-/]{7,20}$/.test(text) && !/^\d+[./-]\d+[./-]\d+$/.test(text))
        profile.phoneWithoutPlus++
      addDate(profile, text)
      profile.countryCode += holds(countryRule, text)
      if (typeof countryOf(text) === 'string') profile.country++
    },
  }
}

function holds(rule: Rule, text: string): number {
  return rule(text) === undefined ? 1 : 0
}

/** 1 where there is such a day. */
function real(day: string, month: string, year: string): number {
  return holds(dateRule, `${day.padStart(2, '0')}/${month.padStart(2, '0')}/${year}`)
}

function addDate(profile: Profile, text: string): void {
  const [, first = '', sign = '', second = '', year = ''] =
    /^(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})$/.exec(text) ?? []
  if (sign === '') return
  if (sign === '-') profile.isoDate += first.length === 4 && year.length === 2 ? real(year, second, first) : 0
  else if (sign === '.') profile.dottedDate += real(first, second, year)
  else {
    profile.rapydDate += dateRule(text) === undefined ? 1 : 0
    profile.dayFirst += real(first, second, year)
    profile.monthFirst += real(second, first, year)
  }
}
