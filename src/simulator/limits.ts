/**
 * The firewall's rate windows. A client is over a window when more than `limit` requests arrive within any `perMs`;
 * every request counts, refused ones too. Over it, everything is refused until the block ends.
 *
 * Choices where Rapyd documents nothing: the "minute" of a `'window'` block is one of the fixed windows that follow
 * each other from the first request on, and a block that has ended forgives what that window counted before.
 */

export interface RateWindow {
  readonly limit: number
  readonly perMs: number
  /** How long the block lasts from the crossing, or `'window'`: to the end of the current fixed window. */
  readonly blockMs: number | 'window'
}

/** 200 a minute, then blocked to the end of that minute; 1,000 in five minutes, then blocked for five (docs). */
export const documentedWindows: readonly RateWindow[] = [
  { limit: 200, perMs: 60_000, blockMs: 'window' },
  { limit: 1000, perMs: 300_000, blockMs: 300_000 },
]

/** Counts a request at `nowMs` (monotonic) and gives how long it is blocked for, in ms; 0 lets it pass. */
export type Firewall = (nowMs: number) => number

export function createFirewall(windows: readonly RateWindow[]): Firewall {
  const counters = windows.map(createCounter)
  return (nowMs) => {
    let blockedMs = 0
    for (const count of counters) blockedMs = Math.max(blockedMs, count(nowMs))
    return blockedMs
  }
}

function createCounter({ limit, perMs, blockMs }: RateWindow): Firewall {
  // A ring of the newest `limit` arrivals: the slot about to be overwritten holds the one `limit` requests ago.
  const arrivals = new Float64Array(Math.max(1, limit)).fill(-Infinity)
  let next = 0
  let firstAt: number | undefined
  let blockedUntil = -Infinity

  function blockEnd(nowMs: number, start: number): number {
    if (blockMs !== 'window') return nowMs + blockMs
    return start + (Math.floor((nowMs - start) / perMs) + 1) * perMs
  }

  return (nowMs) => {
    firstAt ??= nowMs
    if (nowMs < blockedUntil) return blockedUntil - nowMs
    if (blockedUntil !== -Infinity) {
      arrivals.fill(-Infinity)
      blockedUntil = -Infinity
    }
    const over = limit < 1 || nowMs - (arrivals[next] ?? -Infinity) < perMs
    arrivals[next] = nowMs
    next = (next + 1) % arrivals.length
    if (!over) return 0
    blockedUntil = blockEnd(nowMs, firstAt)
    return blockedUntil - nowMs
  }
}
