/** A signal that stops a run, as the error that the command ends with. */
import { BulkUpdateError } from '../model/errors.ts'

/** `reason` is the signal's name, which the command line aborts with; anything else counts as SIGINT. */
export function interruption(reason: unknown): BulkUpdateError {
  const kind = reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'
  return new BulkUpdateError(
    kind,
    'E_STOPPED',
    'the run was interrupted',
    'Run the same command again: it goes on where it stopped.',
  )
}

/** Turns what an aborted `signal` makes other parts throw into an interruption; leaves every other error alone. */
export function asInterruption(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return error
  const isAbort = error === signal.reason || (error instanceof Error && error.name === 'AbortError')
  return isAbort ? interruption(signal.reason) : error
}
