/** Reads the values of options that are more than a word or a number. All throw USAGE errors that name option and value. */
import type { SampleSize } from '../model/collections.ts'
import { BulkUpdateError, type RunErrorCode } from '../model/errors.ts'

/** `use` says what is valid, `hint` what may have been meant. */
export function invalidValue(
  code: RunErrorCode,
  option: string,
  value: string,
  use: string,
  hint = '',
): BulkUpdateError {
  return new BulkUpdateError(
    code,
    `Invalid --${option} "${value}": ${use}`,
    `${hint}Correct it and run the command again. Nothing was sent.`,
  )
}

/** For words and options that do not go together. */
export function usageError(message: string, tip: string): BulkUpdateError {
  return new BulkUpdateError('E_USAGE', message, tip)
}

/** Milliseconds of each unit. */
export const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `200/1m,1000/5m`; the reserve is subtracted from each limit. `none` is no window. */
export function parseRate(rate: string, reserve: string) {
  const kept = 1 - parsePercent('reserve', reserve) / 100
  if (kept === 0)
    throw invalidValue('E_OPTION_RESERVE', 'reserve', reserve, 'use less than 100%, or nothing can be sent')
  if (rate === 'none') return []
  return rate.split(',').map((text) => {
    const [, limit, count, unit] = /^\s*(\d+)\/(\d*)(ms|s|m|h)\s*$/.exec(text) ?? []
    const perMs = Number(count === '' ? 1 : count) * (unitMs[unit ?? ''] ?? 0)
    if (limit === undefined || Number(limit) === 0 || !(perMs > 0))
      throw invalidValue('E_OPTION_RATE', 'rate', rate, 'use windows such as 200/1m,1000/5m')
    return { limit: Math.max(1, Math.floor(Number(limit) * kept)), perMs }
  })
}

/** `90s`, `30m` or `6h`, in milliseconds. */
export function parseDuration(option: string, text: string): number {
  const [, number, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  if (number === undefined)
    throw invalidValue('E_OPTION_DURATION', option, text, 'use a duration such as 90s, 30m or 6h')
  return Number(number) * (unitMs[unit ?? ''] ?? 0)
}

/** `30d`, `12h` or `45m`, in milliseconds. */
export function parseAge(text: string): number {
  const [, number, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (number === undefined)
    throw invalidValue('E_OPTION_OLDER_THAN', 'older-than', text, 'use an age such as 30d, 12h or 45m')
  return Number(number) * (unitMs[unit ?? ''] ?? 0)
}

/** The next `06:00` after `wall` on the local clock, both in milliseconds since 1970. */
export function parseFinishBy(text: string, wall: number): number {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours === undefined)
    throw invalidValue('E_OPTION_FINISH_BY', 'finish-by', text, 'use a time of day such as 06:00')
  const time = new Date(wall)
  time.setHours(Number(hours), Number(minutes), 0, 0)
  // Not 24 hours: the day when the clocks change has 23 or 25.
  if (time.getTime() <= wall) time.setDate(time.getDate() + 1)
  return time.getTime()
}

/** `10%` or `10`. */
export function parsePercent(option: string, text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? []
  if (number === undefined || Number(number) > 100)
    throw invalidValue('E_OPTION_PERCENT', option, text, 'use a percentage such as 10%')
  return Number(number)
}

/** `50` rows or `10%`. */
export function parseErrorLimit(text: string): { readonly rows: number } | { readonly percent: number } {
  if (/^\d+$/.test(text)) return { rows: Number(text) }
  if (text.endsWith('%')) return { percent: parsePercent('max-errors', text) }
  throw invalidValue('E_OPTION_MAX_ERRORS', 'max-errors', text, 'use a number of rows or a share such as 10%')
}

/** `40000`, or `40000±5%`, also written `40000+-5%`: the fewest and the most rows. */
export function parseExpectedRows(text: string): { readonly least: number; readonly most: number } {
  const [, rows, percent = '0'] =
    /^(\d{1,12})(?:\s*(?:±|\+-|\+\/-)\s*(\d{1,3}(?:\.\d+)?)%)?$/.exec(text) ?? []
  if (rows === undefined || Number(percent) > 100)
    throw invalidValue('E_OPTION_EXPECT_ROWS', 'expect-rows', text, 'use 40000 or 40000±5%')
  const spread = (Number(rows) * Number(percent)) / 100
  return { least: Math.ceil(Number(rows) - spread), most: Math.floor(Number(rows) + spread) }
}

/** `5%` or `200` customers. */
export function parseSample(text: string): SampleSize {
  const number = Number(text)
  if (/^\d{1,9}$/.test(text) && number > 0) return { customers: number }
  const share = text.endsWith('%') ? parsePercent('sample', text) / 100 : 0
  if (share > 0) return { share }
  throw invalidValue('E_OPTION_SAMPLE', 'sample', text, 'use a number of customers or a share such as 5%')
}
