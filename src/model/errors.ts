/**
 * Errors that end a run. Data errors are values (outcomes) and never come here.
 * Each kind has a stable code and the exit code that the command line ends with.
 */
import reasons from '../system-reasons.json' with { type: 'json' }

export const exitCodes = {
  OK: 0,
  ROWS: 1,
  USAGE: 2,
  INPUT: 3,
  AUTH: 4,
  REMOTE: 5,
  LOCAL: 6,
  BUSY: 7,
  BUG: 70,
  SIGINT: 130,
  SIGTERM: 143,
} as const

export type ExitName = keyof typeof exitCodes
export type StopKind = Exclude<ExitName, 'OK' | 'ROWS'>

/**
 * Stops a run. `message` says what is wrong and where, `remedy` what to do next; neither holds a cell's content or a secret.
 * `kind` decides the exit code.
 */
export class BulkUpdateError extends Error {
  override readonly name = 'BulkUpdateError'
  readonly kind: StopKind
  /** Stable, for programs: `E_NO_CREDENTIALS`, `E_HEADER_UNKNOWN_COLUMN`. */
  readonly code: string
  readonly remedy: string

  constructor(kind: StopKind, code: string, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
    this.code = code
    this.remedy = remedy
  }

  get exitCode(): number {
    return exitCodes[this.kind]
  }
}

/** The code of a system error (`ENOENT`, `ECONNRESET`), or an empty string. */
export function systemCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return ''
}

const reasonsByCode: ReadonlyMap<string, string> = new Map(Object.entries(reasons))

/** What a code of the system means, with that code. */
export function reasonOf(code: string): string {
  return `${reasonsByCode.get(code) ?? 'the system refuses'} (${code})`
}

/** An error of the command line or the options. Nothing was sent. */
export function usage(code: string, message: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError('USAGE', code, message, remedy)
}
