/** Numbers, durations and times for people. */
import { printable } from '../model/text.ts'

/** `1,234`, the same in every locale. Loading `Intl` would take 10 ms. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `name 12, email 1,234`, or `none`. More than `most` names are only counted. */
export function formatCounts(counts: Readonly<Record<string, number>>, most = Infinity): string {
  const found = Object.entries(counts).map(([name, count]) => `${printable(name)} ${formatCount(count)}`)
  if (found.length > most) found.splice(most, found.length, `${formatCount(found.length - most)} more fields`)
  return found.length === 0 ? 'none' : found.join(', ')
}

/** `1 row`, `1,234 rows`. */
export function formatRows(count: number): string {
  return formatNumberOf(count, 'row')
}

/** `1 customer`, `1,234 customers`. */
export function formatNumberOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A rate per second: `3.3` below ten, else a whole number. */
export function formatRate(perSecond: number): string {
  return perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(perSecond)
}

/** Whole per cents, rounded down, so that 100% means all. */
export function formatShare(part: number, whole: number): string {
  return whole <= 0 ? '0%' : `${Math.floor((part / whole) * 100)}%`
}

/** In the two largest units: `9 h 16 min`, `2 min 5 s`, `3 d`; `under 1 s` for less. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 1) return 'under 1 s'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return twoUnits(seconds, 60, 'min', 's')
  // Rounding comes before splitting, or 59 min 59 s would become 0 h 60 min
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min')
  return twoUnits(Math.round(minutes / 60), 24, 'd', 'h')
}

function twoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size
  const whole = `${Math.floor(amount / size)} ${large}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}

/** Local time of day, `14:32`; with the date if `at` is not on the day of `now`: `2026-11-21 14:32`. */
export function formatClock(at: number, now: number): string {
  const [date = '', time = ''] = localTime(at).split('T')
  return `${localTime(now).startsWith(date) ? '' : `${date} `}${time.slice(0, 5)}`
}

/** Like `formatClock`, to the second: `14:32:10`. */
export function formatClockSecond(at: number, now: number): string {
  return formatClock(at, now) + localTime(at).slice(-3)
}

/** `2026-11-21T14:32:10` */
function localTime(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

/** ISO 8601 in UTC with milliseconds; empty for 0, which means "never". */
export function isoTime(milliseconds: number): string {
  return milliseconds === 0 ? '' : new Date(milliseconds).toISOString()
}
