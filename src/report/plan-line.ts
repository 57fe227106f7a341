/** What is about to be sent, how long that takes, and whether it is over in time (`--finish-by`): a line each, before the first call. */
import { BulkUpdateError } from '../errors.ts'
import { formatClock, formatCount, formatDuration, formatRate } from './format.ts'
import { allowedPerSecond } from './pace.ts'
import type { RunSending } from './run-events.ts'

/** Shorter than this is not worth a line. */
const leastMs = 10_000

/** `wall` is now, in milliseconds since 1970. Nothing where the windows leave it under about ten seconds. */
export function planLine(
  { calls, windows, etaMs }: Pick<RunSending, 'calls' | 'windows' | 'etaMs'>,
  wall: number,
): string | undefined {
  if (etaMs === undefined || etaMs < leastMs) return undefined
  const limits = windows.map(({ limit, perMs }) => `${formatCount(limit)} in ${formatDuration(perMs)}`)
  const rate = `${formatRate(allowedPerSecond(windows))} a second (${limits.join(', ')})`
  return `${formatCount(calls)} calls at ${rate}: ${formatDuration(etaMs)}, done about ${formatClock(wall + etaMs, wall)}`
}

/** The next `06:00` after `wall` on the local clock, in milliseconds since 1970. Throws USAGE for another spelling. */
export function parseFinishBy(text: string, wall: number): number {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours === undefined || minutes === undefined) {
    throw new BulkUpdateError(
      'USAGE',
      'E_OPTION_FINISH_BY',
      '--finish-by is not a time of day',
      'Write hours and minutes, like --finish-by 06:00.',
    )
  }
  const time = new Date(wall)
  time.setHours(Number(hours), Number(minutes), 0, 0)
  // By the calendar and not by 24 hours: a day of a change of clocks has 23 or 25.
  if (time.getTime() <= wall) time.setDate(time.getDate() + 1)
  return time.getTime()
}

/** Nothing where it will be over in time, or where the windows do not bind. */
export function lateLine(
  { calls, windows, etaMs }: Pick<RunSending, 'calls' | 'windows' | 'etaMs'>,
  finishBy: number,
  wall: number,
): string | undefined {
  if (etaMs === undefined || wall + etaMs <= finishBy) return undefined
  const fits = Math.floor(((finishBy - wall) / 1_000) * allowedPerSecond(windows))
  return `Not done by ${formatClock(finishBy, wall)}: it takes ${formatDuration(wall + etaMs - finishBy)} longer. About ${formatCount(Math.min(fits, calls))} of ${formatCount(calls)} calls fit; stopped then, the same command goes on another night.`
}
