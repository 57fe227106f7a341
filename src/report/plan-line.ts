/** What is about to be sent, how long that takes, and whether it is over in time (`--finish-by`): a line each, before the first call. */
import { formatClock, formatCount, formatDuration, formatRate } from './format.ts'
import { allowedPerSecond } from './pace.ts'
import type { RunSending } from './run-log.ts'

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
