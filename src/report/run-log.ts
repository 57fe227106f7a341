/** `run.log`: the events of a run as NDJSON, appended by every session, for its owner alone. It never ends a run. */
import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Level, Logger } from 'pino'
import { systemCode } from '../errors.ts'
import type { RunEvent } from './run-events.ts'

/** States: closed (events are dropped), open, and off for good after the first failure. */
export interface RunLog {
  /** Opens `run.log` in the run directory; from here on events are written. */
  open(directory: string): void
  write(event: RunEvent): void
  close(): void
}

const ownerOnly = 0o600

const levels: Readonly<Record<RunEvent['kind'], Level>> = {
  started: 'info',
  checking: 'info',
  sending: 'info',
  reporting: 'info',
  throttled: 'warn',
  outage: 'warn',
  row: 'warn',
  progress: 'info',
  stopped: 'error',
  finished: 'info',
  log_off: 'error',
}

/** `level` is the least that is written, `silent` for no file at all. `onFailure` is told once, with the system's code. */
export function createRunLog(level: Level | 'silent', onFailure: (code: string) => void): RunLog {
  let logger: Logger | undefined
  let destination: { end(): void } | undefined

  function giveUp(error: unknown): void {
    if (logger === undefined) return
    logger = undefined
    onFailure(systemCode(error))
  }

  return {
    open(directory) {
      if (level === 'silent') return
      try {
        const file = openLogFile(join(directory, 'run.log'))
        const opened = pino.destination({ dest: file, sync: true })
        opened.on('error', giveUp)
        destination = opened
        logger = pino(
          {
            level,
            // Neither host name nor process: the log may be handed to somebody else.
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
    write({ kind, ...facts }) {
      logger?.[levels[kind]]({ event: kind, ...facts })
    },
    close() {
      logger = undefined
      destination?.end()
      destination = undefined
    },
  }
}

/** Appends to a regular file of its own only: never through a link, and without waiting for the reader of a pipe. */
function openLogFile(path: string): number {
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = openSync(path, flags, ownerOnly)
  const stat = fstatSync(file)
  if (!stat.isFile() || stat.nlink !== 1) {
    closeSync(file)
    throw Object.assign(new Error('not a regular file'), { code: 'ENOTFILE' })
  }
  fchmodSync(file, ownerOnly)
  return file
}
