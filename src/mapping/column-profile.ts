/** For drafts of mappings: counts the forms of a column's texts, and chooses the transform for its field. Keeps no text. */
import { countUp } from '../model/collections.ts'
import type { ErrorCode } from '../model/errors.ts'
import { decodeHtml, unguard } from '../model/wrappers.ts'
import {
  isCustomerId,
  countryRule,
  dateRule,
  emailRule,
  passes,
  phoneRule,
} from '../rapyd/customer-fields.ts'
import { countryCode, dateChange } from './transforms.ts'
import { targetOf } from './targets.ts'

type Test = (text: string) => boolean

function isDateOf(format: string): Test {
  const read = dateChange(format)
  return (text) => typeof read === 'function' && typeof read(text) === 'string'
}

/** The forms that are counted. A text can have several. */
const tests = {
  id: isCustomerId,
  email: (text) => emailRule(text.trim()) === undefined,
  spaced: (text) => text !== text.trim(),
  phone: passes(phoneRule),
  phoneWithPlus: (text) => /^\s*\+[\d\s().\-/]{7,}$/.test(text),
  phoneWithoutPlus: (text) => /^[\d\s().\-/]{7,20}$/.test(text) && !/^\d+[./-]\d+[./-]\d+$/.test(text),
  rapydDate: passes(dateRule),
  dayFirst: isDateOf('D/M/YYYY'),
  monthFirst: isDateOf('M/D/YYYY'),
  isoDate: isDateOf('YYYY-MM-DD'),
  dottedDate: isDateOf('D.M.YYYY'),
  alpha2: passes(countryRule),
  country: (text) => typeof countryCode(text) === 'string',
} satisfies Record<string, Test>

/** More texts would not change the choice. */
const mostTested = 5_000
const longestTested = 60

export type ColumnProfile = ReturnType<typeof createProfiler>

export function createProfiler() {
  const counts = new Map<string, number>()
  let tested = 0
  return {
    /** Texts that were tested. */
    get tested(): number {
      return tested
    },
    of: (form: keyof typeof tests | 'html' | 'guard'): number => counts.get(form) ?? 0,
    /** HTML and guards are removed before the other forms are tested. */
    add(text: string): void {
      if (text === '' || tested >= mostTested) return
      tested++
      const decoded = decodeHtml(text)
      if (decoded !== text) countUp(counts, 'html')
      if (text.length > longestTested) return
      const bare = unguard(decoded, false) ?? decoded
      if (bare !== decoded) countUp(counts, 'guard')
      for (const [form, test] of Object.entries(tests)) if (test(bare)) countUp(counts, form)
    },
  }
}

/** `text` is undefined if the column's texts do not show which transform fits. */
interface DraftTransform {
  readonly text: string | undefined
  readonly why: string
}

const use = (text: string, why: string): DraftTransform => ({ text, why })
const unclear = (why: string): DraftTransform => ({ text: undefined, why })

/** The transform for the field at `path`, if the texts need one. */
export function chooseTransform(path: string, profile: ColumnProfile): DraftTransform | undefined {
  // The code of the field's rule, which refuses a space.
  const code = targetOf(path)?.rule?.(' ')?.code
  const chosen = profile.tested === 0 || code === undefined ? undefined : choices[code]?.(profile)
  if (chosen !== undefined && chosen.text === undefined) return chosen
  const all = chosen === undefined ? [] : [chosen]
  if (profile.of('guard') > 0)
    all.unshift(use('unguard', 'some have a guard against formulas, which is taken out.'))
  if (profile.of('html') > 0) all.unshift(use('html', 'some hold HTML, which is decoded.'))
  const texts = all.map(({ text }) => text).join(', ')
  const text = all.length === 1 ? texts : `[${texts}]`
  return all.length === 0 ? undefined : use(text, all.map(({ why }) => why).join(' And '))
}

/** If less than a tenth of the texts differ, they are errors of their rows. */
const nearlyAll = 0.9

function mostly(profile: ColumnProfile, form: keyof typeof tests): boolean {
  return profile.of(form) >= profile.tested * nearlyAll
}

const choices: Readonly<Partial<Record<ErrorCode, (profile: ColumnProfile) => DraftTransform | undefined>>> =
  {
    E_EMAIL: (profile) =>
      profile.of('spaced') === 0
        ? undefined
        : use('trim', 'some have spaces around them, which are taken out.'),
    E_PHONE(profile) {
      if (mostly(profile, 'phone')) return undefined
      if (mostly(profile, 'phoneWithPlus'))
        return use(
          '{ phone: international }',
          'numbers have a plus sign and other signs, which are taken out.',
        )
      const { tested } = profile
      const withoutPlus = profile.of('phoneWithoutPlus')
      if (withoutPlus + profile.of('phoneWithPlus') < tested / 2) return undefined
      return unclear(
        `${withoutPlus} of ${tested} numbers have no country code. Name their country: { field: phone_number, transform: { phone: US } }.`,
      )
    },
    E_DATE(profile) {
      if (mostly(profile, 'isoDate')) return use('{ date: YYYY-MM-DD }', 'dates are written YYYY-MM-DD.')
      if (mostly(profile, 'dottedDate')) return use('{ date: D.M.YYYY }', 'dates are written D.M.YYYY.')
      const isDayFirst = mostly(profile, 'dayFirst')
      if (mostly(profile, 'monthFirst'))
        return isDayFirst
          ? unclear(
              'nothing tells whether its dates have the day or the month first. Name it: transform: { date: M/D/YYYY }.',
            )
          : use('{ date: M/D/YYYY }', 'dates have the month first.')
      if (isDayFirst && profile.of('rapydDate') < profile.of('dayFirst'))
        return use('{ date: D/M/YYYY }', 'dates are written D/M/YYYY.')
      if (mostly(profile, 'rapydDate')) return undefined
      return unclear('its dates are not all of one form. Name it: transform: { date: YYYY-MM-DD }.')
    },
    E_COUNTRY(profile) {
      if (mostly(profile, 'alpha2') || !mostly(profile, 'country')) return undefined
      return use('country', 'countries are written as names or other codes.')
    },
  }
