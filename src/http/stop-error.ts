/** What stops a whole run, in the user's words. None of these is the fault of a row. */
import { BulkUpdateError } from '../model/errors.ts'
import stops from './stop-errors.json' with { type: 'json' }

export type StopCode = keyof typeof stops

/** `detail` is a code, an offset or an operation id; never a text of Rapyd's. */
export function stopError(code: StopCode, detail: string): BulkUpdateError {
  const stop = stops[code]
  const message = stop.message + (detail === '' ? '' : stop.detail.replace('{}', () => detail))
  return new BulkUpdateError(code, message, stop.tip)
}
