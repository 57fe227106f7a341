/**
 * Errors that end a run, and the codes of problems and warnings of a row, with their tips.
 * Errors of data are values (problems and outcomes); only what ends a run is thrown.
 */
import reasons from './system-reasons.json' with { type: 'json' }
import catalogue from './error-catalogue.json' with { type: 'json' }

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

/** Errors that end a run, by code. A copy, so that our declarations hold its type and not the JSON file. */
export const runErrors = { ...catalogue.runs }

/** A code that a run can end with: one of its own, or that of the row that stopped it. */
export type RunErrorCode =
  | Exclude<keyof typeof runErrors, 'E_OPTION_<NAME>'>
  | ErrorCode
  | `E_OPTION_${string}`

function kindOf(code: RunErrorCode): StopKind {
  const entries: Readonly<Record<string, { readonly meaning: string; readonly exit?: string }>> = {
    ...catalogue.rows,
    ...catalogue.runs,
  }
  const kind = entries[code]?.exit ?? catalogue.runs['E_OPTION_<NAME>'].exit
  return isStopKind(kind) ? kind : 'BUG'
}

function isStopKind(text: string): text is StopKind {
  return Object.hasOwn(exitCodes, text) && text !== 'OK' && text !== 'ROWS'
}

/**
 * Stops a run. `message` says what is wrong and where, `remedy` what to do next; neither holds a cell's content or a secret.
 * The catalogue (`error-catalogue.json`) has the kind of each code, which decides the exit code.
 */
export class BulkUpdateError extends Error {
  override readonly name = 'BulkUpdateError'
  readonly kind: StopKind
  /** Stable, for programs: `E_NO_CREDENTIALS`, `E_HEADER_UNKNOWN_COLUMN`. */
  readonly code: RunErrorCode
  readonly remedy: string

  constructor(
    code: RunErrorCode,
    message: string,
    remedy: string,
    { kind = kindOf(code), ...options }: ErrorOptions & { readonly kind?: StopKind } = {},
  ) {
    super(message, options)
    this.kind = kind
    this.code = code
    this.remedy = remedy
  }

  get exitCode(): number {
    return exitCodes[this.kind]
  }
}

type TextValues = Readonly<Record<string, string | number>>

/**
 * Makes errors from a table of texts. `values` replace their names in braces. Throws an Error if one is missing.
 */
export function errorsFrom<Name extends string>(
  texts: Readonly<Record<Name, { readonly message: string; readonly tip: string }>>,
) {
  return (code: RunErrorCode, name: Name, values: TextValues = {}, cause?: unknown): BulkUpdateError => {
    const { message, tip } = texts[name]
    const options = cause === undefined ? {} : { cause }
    return new BulkUpdateError(code, fill(message, values), fill(tip, values), options)
  }
}

function fill(text: string, values: TextValues): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`a text of an error lacks its ${name}`)
    return String(value)
  })
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

/** Every error code that a row can have. `results`, `errors`, `summary.json` and `validate` use no other codes. A copy, as above. */
export const rowErrors = { ...catalogue.rows }

export type ErrorCode = keyof typeof rowErrors

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(rowErrors, text)
}

export function messageOfApi(apiCode: string): string {
  return `Rapyd answered ${apiCode}`
}

/** Tips for messages that are more exact than their code. */
const messageTips: ReadonlyMap<string, string> = new Map([
  ...Object.entries(catalogue.messages),
  ...Object.entries(catalogue.api).map(([apiCode, tip]) => [messageOfApi(apiCode), tip] as const),
])

/** The tip for a row's problem. */
export function findTip(code: ErrorCode, message: string): string {
  // The message of the first problem is followed by the names of the others. A code point counts for every message.
  const [first = ''] = message.split('; also ', 1)
  const known = first.replace(/ \((?:U\+[0-9A-F]+|\d+ lines: \d+ to \d+)\)$/, '')
  return messageTips.get(known) ?? rowErrors[code].tip
}

/** A defect of one row: a stable code, where in the row, and a fixed text that never holds a cell's content. */
export interface Problem {
  readonly code: ErrorCode
  /** The field or column at fault; empty if it is the whole row. */
  readonly field: string
  readonly message: string
}

/** Every warning code that a row can have. The row is still sent. A copy, as above. */
export const warningEntries = { ...catalogue.warnings }

export type WarningCode = keyof typeof warningEntries

/** Receives each warning of a row once. `field` is a path of the patch, or `customer`. */
export type OnWarning = (code: WarningCode, field: string, message: string) => void
