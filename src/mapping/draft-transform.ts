/** Which transform the texts of a column need for their field, as far as the texts themselves tell it. */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { Profile } from './profile.ts'
import { targetOf } from './targets.ts'

export type Transform =
  | { readonly kind: 'plain' }
  | { readonly kind: 'transform'; readonly text: string; readonly why: string }
  /** The texts need one, and do not tell which. */
  | { readonly kind: 'unclear'; readonly why: string }

const plain: Transform = { kind: 'plain' }
const use = (text: string, why: string): Transform => ({ kind: 'transform', text, why })
const unclear = (why: string): Transform => ({ kind: 'unclear', why })

/** Fewer than these of a hundred are defects of their rows, and none of the column. */
const nearlyAll = 0.9

export function chooseTransform(path: string, profile: Profile): Transform {
  const target = targetOf(path)
  const code = target?.rule?.(' ')?.code
  return profile.looked === 0 || code === undefined ? plain : (choices.get(code)?.(profile) ?? plain)
}

function emailOf({ spaced }: Profile): Transform {
  return spaced === 0 ? plain : use('trim', 'some have spaces around them, which are taken out.')
}

function phoneOf({ looked, phone, phoneWithPlus, phoneWithoutPlus }: Profile): Transform {
  if (phone >= looked * nearlyAll) return plain
  if (phoneWithPlus >= looked * nearlyAll)
    return use('{ phone: international }', 'numbers have a plus sign and other signs, which are taken out.')
  if (phoneWithoutPlus + phoneWithPlus >= looked / 2)
    return unclear(
      `${phoneWithoutPlus} of ${looked} numbers have no country code. Name their country: { field: phone_number, transform: { phone: US } }.`,
    )
  return plain
}

function dateOf({ looked, rapydDate, dayFirst, monthFirst, isoDate, dottedDate }: Profile): Transform {
  const most = looked * nearlyAll
  if (isoDate >= most) return use('{ date: YYYY-MM-DD }', 'dates are written YYYY-MM-DD.')
  if (dottedDate >= most) return use('{ date: D.M.YYYY }', 'dates are written D.M.YYYY.')
  if (dayFirst >= most && monthFirst >= most)
    return unclear(
      'nothing tells whether its dates have the day or the month first. Name it: transform: { date: M/D/YYYY }.',
    )
  if (monthFirst >= most) return use('{ date: M/D/YYYY }', 'dates have the month first.')
  if (dayFirst >= most && rapydDate < dayFirst)
    return use('{ date: D/M/YYYY }', 'dates are written D/M/YYYY.')
  if (rapydDate >= most) return plain
  return unclear('its dates are not all of one form. Name it: transform: { date: YYYY-MM-DD }.')
}

function countryOf({ looked, countryCode, country }: Profile): Transform {
  if (countryCode >= looked * nearlyAll) return plain
  if (country >= looked * nearlyAll) return use('country', 'countries are written as names or other codes.')
  return plain
}

/** By what the rule of a field says of a text that it refuses. */
const choices: ReadonlyMap<ErrorCode, (profile: Profile) => Transform> = new Map([
  ['E_EMAIL', emailOf],
  ['E_PHONE', phoneOf],
  ['E_DATE', dateOf],
  ['E_COUNTRY', countryOf],
])
