/** What programs give: everything in one object, and an input that may be records instead of a file. */
import { ndjsonOf, type InputRecords } from '../input/records.ts'
import type { PipedInput } from '../input/spool.ts'
import type { UpdateOptions } from '../config/options.ts'
import type { Watch } from './watch.ts'
import { BulkUpdateError } from '../model/errors.ts'

/** What may be given to every function that takes its time. */
export interface Stoppable {
  /**
   * Its abort stops a run in order: requests in flight get their outcomes, the rest stays open, and the same call resumes it.
   * Default: never.
   */
  readonly signal?: AbortSignal
}

export type WithRecords<Options extends { readonly input: string }> = Omit<Options, 'input'> & {
  /**
   * Path of a CSV or NDJSON file, also compressed with gzip or zstd; `-` for standard input; or records. The store keeps
   * records as NDJSON while their run is open. The same records are the same run.
   */
  readonly input: string | InputRecords
}

/** Of `bulkUpdate`. */
export type BulkUpdateOptions = WithRecords<UpdateOptions> & Watch & Stoppable

/** The same options with the input as a path: records become piped NDJSON. */
export function givenInput<Options extends WithRecords<UpdateOptions>>(
  given: Options,
): { readonly options: Options & UpdateOptions; readonly piped?: PipedInput } {
  const { input } = given
  if (typeof input === 'string') return { options: { ...given, input } }
  return { options: { ...given, input: '-', format: 'ndjson' }, piped: ndjsonOf(input) }
}

export function signalOf({ signal }: Stoppable): AbortSignal {
  return signal ?? new AbortController().signal
}

/** `reason` is the signal's name, which the command line aborts with; anything else counts as SIGINT. */
function interruption(reason: unknown): BulkUpdateError {
  const kind = reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'
  return new BulkUpdateError(
    'E_STOPPED',
    'the run was interrupted',
    'Run the same command again: it goes on where it stopped.',
    { kind },
  )
}

/** Turns what an aborted `signal` makes other parts throw into an interruption; leaves every other error alone. */
export function asInterruption(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return error
  const isAbort = error === signal.reason || (error instanceof Error && error.name === 'AbortError')
  return isAbort ? interruption(signal.reason) : error
}

/** A stop of a run: by a signal from outside, as an interruption, or by `stop`. The first reason counts. */
export function stopWith(
  outside: AbortSignal,
): Disposable & { readonly signal: AbortSignal; readonly stop: (error: unknown) => void } {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(interruption(outside.reason))
  if (outside.aborted) interrupt()
  outside.addEventListener('abort', interrupt, { once: true })
  return {
    signal: controller.signal,
    stop: (error: unknown): void => controller.abort(error),
    [Symbol.dispose]: () => outside.removeEventListener('abort', interrupt),
  }
}
