/**
 * The events of a run and `run.log`, their file. Events are an allow-list: rows are named by number, line, masked customer and
 * codes. No event holds a cell, a body, a header, a key or a text of Rapyd.
 */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { pino, type Level, type Logger } from 'pino'
import { openOwnFile } from '../config/own-files.ts'
import { systemCode } from '../model/errors.ts'
import { fieldOf, type Outcome, type OutcomeKind } from '../model/row.ts'
import { isCustomerField } from '../rapyd/customer-fields.ts'
import type { Window } from '../model/store.ts'

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>

export type RunEvent =
  | RunStarted
  | { readonly kind: 'checking' }
  | RunSending
  | { readonly kind: 'reporting' }
  /** Something to know before the run begins. The log is not open yet, so it does not hold it. */
  | { readonly kind: 'notice'; readonly text: string; readonly isWarning: boolean }
  /** Rapyd answered 429: no request is sent for `pauseMs`. */
  | { readonly kind: 'throttled'; readonly pauseMs: number }
  /** 429s have shown a limit so low that the run seems to stand still. */
  | { readonly kind: 'slowed'; readonly perSecond: number }
  /** The circuit breaker opened (`isDown`) or closed. */
  | { readonly kind: 'outage'; readonly isDown: boolean }
  | ReturnType<typeof toRowEvent>
  /** Now and then, while rows are sent. */
  | {
      readonly kind: 'progress'
      readonly rows: number
      readonly done: number
      readonly calls: number
      readonly outcomes: OutcomeCounts
      readonly errors: Readonly<Record<string, number>>
    }
  /** The run did not reach its end; `code` says why. */
  | { readonly kind: 'stopped'; readonly code: string }
  | { readonly kind: 'finished'; readonly outcomes: OutcomeCounts; readonly exitCode: number }
  /** `run.log` could not be written, and is closed; the run continues. `code` is the system's. */
  | { readonly kind: 'log_off'; readonly code: string }

/** The input is checked and the run directory is locked. */
export interface RunStarted {
  readonly kind: 'started'
  readonly run: string
  readonly version: string
  readonly env: string
  readonly host: string
  /** A fingerprint of the access key. */
  readonly account: string
  readonly rows: number
  /** Rows of the input that need a request. */
  readonly calls: number
  /** Rows that an earlier session settled. */
  readonly settled: number
  readonly options: Readonly<Record<string, string | number | boolean>>
}

/** The first request comes next. */
export interface RunSending {
  readonly kind: 'sending'
  /** Requests that the rows still need, reads before them included. */
  readonly calls: number
  /** The rate windows that apply, without the reserve. */
  readonly windows: readonly Window[]
  /** Milliseconds that the requests take at least within the windows; undefined if these do not limit them. */
  readonly etaMs: number | undefined
}

/**
 * A row that ended neither `updated` nor `unchanged`. `field` is one of Update Customer, or empty: other names may hold data of
 * the file or of the answer.
 */
export function toRowEvent({ row, line, outcome, errorCode, httpStatus, attempts, ...others }: Outcome) {
  const [customer, field] = [maskCustomer(others.customerId), knownField(others.errorField)]
  return { kind: 'row', row, line, customer, outcome, code: errorCode, field, httpStatus, attempts } as const
}

/** `cus_…1201`: together with a row number it identifies the customer, alone it does not. Empty if there is no id. */
export function maskCustomer(customerId: string): string {
  if (customerId === '') return ''
  const rest = customerId.replace(/^cus_/, '')
  return `cus_…${rest.length > 8 ? rest.slice(-4) : ''}`
}

/** `metadata.vip` and `addresses[0].city` are logged as `metadata` and `addresses`. */
function knownField(path: string): string {
  const name = fieldOf(path)
  return isCustomerField(name) ? name : ''
}

export type RunLog = ReturnType<typeof createRunLog>

/** Other kinds are `info`. */
const levels: Readonly<Partial<Record<RunEvent['kind'], Level>>> = {
  throttled: 'warn',
  slowed: 'warn',
  outage: 'warn',
  row: 'warn',
  stopped: 'error',
  log_off: 'error',
}

/**
 * Writes events of `level` and above; `silent` writes no file. A closed log drops events. A failure never ends a run: it closes the
 * log and calls `onFailure` once, with the system's code.
 */
export function createRunLog(level: Level | 'silent', onFailure: (code: string) => void) {
  let logger: Logger | undefined
  let destination: { end(): void } | undefined

  function giveUp(error: unknown): void {
    if (logger === undefined) return
    logger = undefined
    onFailure(systemCode(error))
  }

  return {
    /** Opens `run.log` in the run directory, for its owner alone. Every session appends. */
    open(directory: string): void {
      if (level === 'silent') return
      try {
        const file = openOwnFile(join(directory, 'run.log'), constants.O_APPEND)
        const opened = pino.destination({ dest: file, sync: true })
        opened.on('error', giveUp)
        destination = opened
        logger = pino(
          {
            level,
            // Neither host name nor process id: users send this file to others.
            base: null,
            timestamp: pino.stdTimeFunctions.isoTime,
            formatters: { level: (label) => ({ level: label }) },
          },
          opened,
        )
      } catch (error) {
        onFailure(systemCode(error))
      }
    },
    write({ kind, ...facts }: RunEvent): void {
      logger?.[levels[kind] ?? 'info']({ event: kind, ...facts })
    },
    close(): void {
      logger = undefined
      destination?.end()
      destination = undefined
    },
  }
}
