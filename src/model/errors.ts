/**
 * Errors that end a run, and the codes of problems and warnings of a row, with their tips.
 * Errors of data are values (problems and outcomes); only what ends a run is thrown.
 */
import reasons from '../system-reasons.json' with { type: 'json' }
import tips from './tips.json' with { type: 'json' }

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

/** An error of the command line or the options. Nothing was sent. */
export function usage(code: string, message: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError('USAGE', code, message, remedy)
}

/** The code of a system error (`ENOENT`, `ECONNRESET`), or an empty string. */
export function systemCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return ''
}

const reasonsByCode: ReadonlyMap<string, string> = new Map(Object.entries(reasons))

/** The meaning of a system code, followed by the code. */
export function explainSystemCode(code: string): string {
  return `${reasonsByCode.get(code) ?? 'the system refuses'} (${code})`
}

/**
 * Every error code that a row can have, with its tip. `results`, `errors`, `summary.json` and `validate` use no other codes.
 * It is a copy, so that our declarations hold its type and not the JSON file.
 */
export const errorTips = { ...tips.errors }

export type ErrorCode = keyof typeof errorTips

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTips, text)
}

/** Tips for messages that are more exact than their code. */
const messageTips: ReadonlyMap<string, string> = new Map(Object.entries(tips.messages))

/** The tip for a row's problem. */
export function findTip(code: ErrorCode, message: string): string {
  // The message of the first problem is followed by the names of the others.
  return messageTips.get(message.split('; also ', 1)[0] ?? '') ?? errorTips[code]
}

/** A defect of one row: a stable code, where in the row, and a fixed text that never holds a cell's content. */
export interface Problem {
  readonly code: ErrorCode
  /** The field or column at fault; empty if it is the whole row. */
  readonly field: string
  readonly message: string
}

/** Every warning code that a row can have, with its tip. The row is sent all the same. A copy, like `errorTips`. */
export const warningTips = { ...tips.warnings }

export type WarningCode = keyof typeof warningTips
