/** `run.log`: the events of a run as NDJSON, appended by every session, for its owner alone. It never ends a run. */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Level, Logger } from 'pino'
import { systemCode } from '../model/errors.ts'
import { openOwnFile } from '../config/system.ts'
import type { RunEvent } from './run-events.ts'

/** States: closed (events are dropped), open, and off for good after the first failure. */
export interface RunLog {
  /** Opens `run.log` in the run directory; from here on events are written. */
  open(directory: string): void
  write(event: RunEvent): void
  close(): void
}

/** The others are `info`. */
const levels: Readonly<Partial<Record<RunEvent['kind'], Level>>> = {
  throttled: 'warn',
  outage: 'warn',
  row: 'warn',
  stopped: 'error',
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
        const file = openOwnFile(join(directory, 'run.log'), constants.O_APPEND)
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
      logger?.[levels[kind] ?? 'info']({ event: kind, ...facts })
    },
    close() {
      logger = undefined
      destination?.end()
      destination = undefined
    },
  }
}
