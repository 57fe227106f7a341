/**
 * Refused keys, signatures and times: the machine's fault, or this row's alone. Until a row was updated they end the run;
 * afterwards one read shows whether the keys still work.
 */
import type { ApiResponse } from '../model/ports.ts'
import { readEnvelope, isThrottled } from '../rapyd/response.ts'
import type { Calls } from './call.ts'
import { againForFree } from './course.ts'
import type { Course, Ending } from './course.ts'
import type { TryAgain } from './retry.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'

/** A clock that is further off is no matter of a correction: something is wrong with this machine. */
const largestOffsetMs = 300_000
/** So many in a row are not the rows' fault any more. */
const mostBadSignatures = 5
const mostBadKeys = 3

export interface KeyCheckParts {
  readonly calls: Calls
  readonly signer: Signer
}

/** What it gives throws a `BulkUpdateError` where no row can be sent any more. */
export function createKeyCheck({ calls, signer }: KeyCheckParts) {
  let everUpdated = false
  let badSignatures = 0
  let badKeys = 0

  /** True where a read is let through. Throws where the keys are refused for it as well. */
  async function doKeysWork(signal: AbortSignal): Promise<boolean> {
    const found = await calls.list(signal).catch(() => undefined)
    const envelope = readEnvelope(found?.body ?? '')
    if (found === undefined || envelope === undefined || isThrottled(found) || found.status >= 500)
      return false
    if (found.status === 401 && envelope.errorCode !== 'UNAUTHORIZED_API_CALL')
      throw stopError('E_AUTH', 'they worked before')
    return true
  }

  return {
    /** A row was updated. */
    worked(): void {
      everUpdated = true
      badSignatures = 0
      badKeys = 0
    },
    /** The access key of a request was refused. */
    async refused(operationId: string, signal: AbortSignal): Promise<Ending> {
      badKeys++
      if (!everUpdated || badKeys >= mostBadKeys || !(await doKeysWork(signal)))
        throw stopError('E_AUTH', operationId)
      return { outcome: 'rejected', code: 'E_AUTH', message: 'refused for this row alone' }
    },
    /** What is made anew for each request was refused. */
    async resign(
      why: 'clock' | 'salt' | 'signature',
      response: ApiResponse,
      course: Course,
      signal: AbortSignal,
    ): Promise<Ending | TryAgain> {
      const offset = why === 'salt' ? 0 : signer.correctClock(response)
      if (why === 'clock' && Math.abs(offset ?? Number.POSITIVE_INFINITY) > largestOffsetMs)
        throw stopError('E_CLOCK', String(offset ?? ''))
      course.resigned++
      if (course.resigned === 1) return againForFree(course, `resigned_${why}`)
      if (why !== 'signature' || !everUpdated) throw stopError(why === 'clock' ? 'E_CLOCK' : 'E_AUTH', why)
      badSignatures++
      if (badSignatures >= mostBadSignatures) await doKeysWork(signal)
      const message = 'Rapyd refuses the signature of this row alone'
      return { outcome: 'rejected', code: 'E_SIGNATURE_ROW', message }
    },
  }
}
