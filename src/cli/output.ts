/** Standard output and standard error: whether they are coloured, and what happens when nobody reads them any more. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BulkUpdateError, systemCode } from '../model/errors.ts'

interface Screen {
  readonly isTTY?: boolean
  readonly rows?: number
  readonly columns?: number
}

/** Colour on a terminal that can, unless `--no-color` or a `NO_COLOR` that is not empty says otherwise. */
export function wantsColor(stream: Screen, flag: boolean | undefined, env = process.env): boolean {
  return stream.isTTY === true && flag !== false && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/** Whether something may be drawn over again: no log of a CI server, and no terminal that cannot, or does not know its size and says 0. */
export function isScreen(stream: Screen, env = process.env): boolean {
  const isLog = !['', '0', 'false'].includes(env['CI'] ?? '')
  return (
    stream.isTTY === true && stream.rows !== 0 && stream.columns !== 0 && env['TERM'] !== 'dumb' && !isLog
  )
}

/** A reader that left, or a terminal that was closed. */
const gone = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'])

/**
 * Keeps a stream that breaks from ending the run. The function that it gives throws LOCAL where what standard output
 * carried is lost for another reason than that nobody reads it.
 */
export function guardOutput(): () => Promise<void> {
  let lost = ''
  process.stdout.on('error', (error) => {
    const code = systemCode(error)
    if (!gone.has(code)) lost = code
  })
  // Standard error carries nothing that is not also in the run's files.
  process.stderr.on('error', () => {})
  return async () => {
    // A failed write is told a moment after it was made.
    await nextTurn()
    if (lost === '') return
    throw new BulkUpdateError(
      'E_STDOUT',
      `standard output could not be written (${lost})`,
      'Make room where it goes, then run the same command again: what was answered is not sent again.',
    )
  }
}
