/**
 * Raw options become resolved ones here, once: defaults, checks, units in the names. Everything behind this file may
 * trust what it is given.
 */
import { BulkUpdateError } from './errors.ts'
import type { Window } from './pipeline/ports.ts'
import type { Encoding } from './input/encoding.ts'
import type { DuplicatePolicy } from './pipeline/duplicates.ts'
import type { RowRange } from './pipeline/guards.ts'
import type { ErrorLimit } from './pipeline/threshold.ts'

/** What a user may give; everything but `input` has a default. */
export interface UpdateOptions {
  /** Path of a CSV or NDJSON file, also compressed with gzip or zstd, or `-` for standard input. */
  readonly input: string
  /** Which Rapyd. Default `sandbox`. */
  readonly env?: 'sandbox' | 'production' | 'simulator'
  /** Another host. https with `allowHost` where it is not Rapyd's; http on loopback only. */
  readonly baseUrl?: string
  /** The host of `baseUrl`, named a second time, where it is not Rapyd's. */
  readonly allowHost?: string
  /** Never logged and never kept. Default: `RAPYD_ACCESS_KEY`, or the file that `RAPYD_ACCESS_KEY_FILE` names. */
  readonly accessKey?: string
  /** As `accessKey`. Default: `RAPYD_SECRET_KEY`, or the file that `RAPYD_SECRET_KEY_FILE` names. */
  readonly secretKey?: string
  /** Default: told by the content, then by the name. */
  readonly format?: 'csv' | 'tsv' | 'ndjson'
  /** One character. Default: told by the content among comma, semicolon, tab and pipe; a tab for TSV. */
  readonly delimiter?: string
  /** Default: told by the content, UTF-8 or UTF-16. Windows-1252 must be named: almost any bytes are some text in it. */
  readonly encoding?: Encoding
  /** Path of a mapping file, YAML or JSON: which column goes into which field, and how. Default none: columns are fields by name. */
  readonly map?: string
  /** What a blank cell means where the mapping file does not say. Default `clear`. */
  readonly blank?: 'clear' | 'keep' | 'reject'
  /**
   * Where several rows change one customer: send them in file order, only the last one, one call made of them all, or
   * nothing of the file. Default `sequence`.
   */
  readonly duplicates?: DuplicatePolicy
  /** Names of columns, or keys, that are set aside. Default none. */
  readonly ignoreColumns?: readonly string[]
  /** Texts that stand for a blank. Default none. */
  readonly nullValues?: readonly string[]
  /** Texts that look like a blank and are meant as they stand. Default none. */
  readonly literals?: readonly string[]
  /** Windows, all of them kept: `200/1m,1000/5m` (the default), or `none` on loopback. */
  readonly rate?: string
  /** Share of the rate left to other traffic. Default `10%`. */
  readonly reserve?: string
  /** Requests in flight at most. Default 16. */
  readonly concurrency?: number
  /** Letters, digits, `.`, `_` and `-`. Default: from the input's name and the digest of input, mapping, host and account. */
  readonly runId?: string
  /** Starts another run of the same input. Default false. */
  readonly newRun?: boolean
  /** Where runs keep their directories. Default `./rapyd-runs`. */
  readonly runsDir?: string
  /** What all runs of an account share on this machine. Default `rapyd-bulk` in `$XDG_STATE_HOME`. */
  readonly stateDir?: string
  /** An outage or a block that lasts longer ends the run. Milliseconds; default half an hour, and a minute at the start. */
  readonly maxOutageMs?: number
  /** Only the first rows, a canary: the run stays open, and goes on without it. Default all. */
  readonly limit?: number
  /** Stops when more rows, `50`, or a larger share, `10%`, end not updated. Default `10%`, of at least 100 rows. */
  readonly maxErrors?: string
  /** Refuses before it sends if a column clears more than this share of the rows. Default `50%`. */
  readonly maxClears?: string
  /** Rows that the file must have, `40000` or `40000±5%`. Default any number. */
  readonly expectRows?: string
  /**
   * What may differ from the last finished run of this input's name and account: `rows`, `damage`, fields, or `all`, also several
   * in one text with commas. Default nothing: a file that differs much is refused.
   */
  readonly acceptChange?: readonly string[]
  /** One invalid row, or one warning, and nothing is sent. Default false. */
  readonly strict?: boolean
  /**
   * Whether the account may read customers. Default true. Where not, rows in doubt are sent again if that does no harm, and
   * `unknown` if they hold `coupon` or `addresses`.
   */
  readonly readBack?: boolean
  /**
   * Keep what each customer held before its first call, in the run directory, so that `rollback` can put it back: one read
   * more for each customer. Default false.
   */
  readonly backup?: boolean
  /**
   * Send only what differs from what Rapyd last confirmed to this account, field by field; rows without such a field end
   * `unchanged`. What was confirmed is kept, as keyed digests, in `stateDir`. Default false.
   */
  readonly onlyChanged?: boolean
  /** With `onlyChanged`: rows that changed are sent with all their fields. Default false. */
  readonly wholeRows?: boolean
  /** With `onlyChanged`: begin without what earlier nights confirmed, where that is lost; everything is sent once. Default false. */
  readonly newState?: boolean
  /** Of the file `results`. Default `csv`. */
  readonly resultsFormat?: 'csv' | 'ndjson'
  /** Show in `report.html` what the cells of rows that need attention hold: personal data. Default false. */
  readonly includeValues?: boolean
  /** What goes into `run.log`. Default `info`. */
  readonly logLevel?: LogLevel
  /** What goes wrong in the embedded simulator, such as `500:2%`; with `env: 'simulator'` only. Default nothing. */
  readonly faults?: string
  /** Of the simulator's dice; with `env: 'simulator'` only. Default 1. */
  readonly seed?: number
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export const rapydHosts = {
  sandbox: 'https://sandboxapi.rapyd.net',
  production: 'https://api.rapyd.net',
} as const

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `200/1m,1000/5m`, with the reserve taken off each limit; `none` is no window at all. */
export function parseRate(rate: string, reserve: string): readonly Window[] {
  const kept = 1 - parsePercent('reserve', reserve) / 100
  if (kept === 0) {
    throw usage(
      'E_OPTION_RESERVE',
      `--reserve ${reserve} leaves nothing to send with`,
      'Reserve less than 100%, or leave --reserve out for 10%.',
    )
  }
  if (rate === 'none') return []
  return rate.split(',').map((text) => {
    const [, limit, count, unit] = /^\s*(\d+)\/(\d*)(ms|s|m|h)\s*$/.exec(text) ?? []
    const perMs = Number(count === '' ? 1 : count) * (units[unit ?? ''] ?? 0)
    if (limit === undefined || Number(limit) === 0 || !(perMs > 0)) {
      throw usage('E_OPTION_RATE', `--rate ${rate} is not a list of windows`, 'Write it like 200/1m,1000/5m.')
    }
    return { limit: Math.max(1, Math.floor(Number(limit) * kept)), perMs }
  })
}

export const defaultMaxOutageMs = 30 * 60_000
/** A server that was never reached is more often a wrong name than an outage. */
export const defaultPatienceMs = 60_000

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `90s`, `30m` or `6h`, in milliseconds. */
export function parseDuration(option: string, text: string): number {
  const [, number, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  if (unit === 's' || unit === 'm' || unit === 'h') return Number(number) * unitsMs[unit]
  throw usage(
    'E_OPTION_DURATION',
    `--${option} is not a length of time`,
    `Write it like --${option} 90s, 30m or 6h.`,
  )
}

/** `10%` or `10`. */
export function parsePercent(option: string, text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? []
  if (number === undefined || Number(number) > 100) {
    throw usage(
      'E_OPTION_PERCENT',
      `--${option} ${text} is not a percentage`,
      `Write it like --${option} 10%.`,
    )
  }
  return Number(number)
}

/** `50` rows or `10%`. */
export function parseErrorLimit(text: string): ErrorLimit {
  if (/^\d+$/.test(text)) return { rows: Number(text) }
  if (text.endsWith('%')) return { percent: parsePercent('max-errors', text) }
  throw usage(
    'E_OPTION_MAX_ERRORS',
    `--max-errors ${text} is neither a number of rows nor a percentage`,
    'Write it like --max-errors 100 or --max-errors 10%.',
  )
}

/** `40000`, or `40000±5%`, also written `40000+-5%`: the fewest and the most rows. */
export function parseExpectedRows(text: string): RowRange {
  const [, rows, percent = '0'] =
    /^(\d{1,12})(?:\s*(?:±|\+-|\+\/-)\s*(\d{1,3}(?:\.\d+)?)%)?$/.exec(text) ?? []
  if (rows === undefined || Number(percent) > 100) {
    throw usage(
      'E_OPTION_EXPECT_ROWS',
      '--expect-rows is no number of rows',
      'Write it like --expect-rows 40000 or --expect-rows 40000±5%.',
    )
  }
  const spread = (Number(rows) * Number(percent)) / 100
  return { least: Math.ceil(Number(rows) - spread), most: Math.floor(Number(rows) + spread) }
}

/**
 * Where calls go. A foreign host must be named twice, so that a typing error cannot carry a key to a stranger;
 * http is for loopback, where nothing leaves the machine.
 */
export function resolveOrigin(
  env: 'sandbox' | 'production',
  baseUrl: string | undefined,
  allowHost: string | undefined,
): URL {
  const text = baseUrl ?? rapydHosts[env]
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== ''
  ) {
    throw usage(
      'E_BASE_URL',
      '--base-url is not a plain address',
      'Write scheme and host only, like https://sandboxapi.rapyd.net.',
    )
  }
  if (isLoopback(url) && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const known = Object.values(rapydHosts).some((host) => host === url.origin)
  if (url.protocol === 'https:' && (known || url.host === allowHost)) return url
  throw usage(
    'E_HOST_NOT_ALLOWED',
    `--base-url: host not allowed: ${url.protocol}//${url.host}`,
    url.protocol === 'https:'
      ? `If that host is meant, add --allow-host ${url.host}.`
      : 'Use https; http is for loopback only.',
  )
}

export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname)
  )
}

/** Which Rapyd an address is, for the question whether production was meant. */
export function isProduction(url: URL): boolean {
  return url.origin === rapydHosts.production
}

export function usage(code: string, message: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError('USAGE', code, message, remedy)
}
