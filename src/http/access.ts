/**
 * Whether Rapyd lets requests in. Keys, clock, environment and firewall may refuse the whole run or one row alone: the first
 * stops the run, the second is that row's outcome.
 */
import type { ErrorCode } from '../model/errors.ts'
import type { ApiResponse } from '../model/ports.ts'
import { isFirewallPage, isThrottled, readEnvelope } from '../rapyd/response.ts'
import { stopError, TransportError } from './errors.ts'
import { again, isAgain, retry, type Again, type Blocks, type RetryParts, type Updates } from './retry.ts'
import { largestOffsetMs, type Calls, type Signer } from './ports.ts'
import type { RateLimiter } from './rate-limiter.ts'

function isFarOff(offsetMs: number | undefined): boolean {
  return Math.abs(offsetMs ?? Number.POSITIVE_INFINITY) > largestOffsetMs
}

export interface PreflightParts extends RetryParts {
  readonly calls: Calls
  readonly signer: Signer
  /** How long to wait for a server that cannot be reached. Default 0: six attempts. */
  readonly patienceMs?: number
}

/** One signed read before the first update. Throws an AUTH or REMOTE error if Rapyd does not accept it. */
export async function preflight(parts: PreflightParts, signal: AbortSignal): Promise<void> {
  const { calls, signer, patienceMs = 0 } = parts
  let isCorrected = false

  function correctClock(response: ApiResponse): Again {
    const offsetMs = signer.correctClock(response)
    if (isCorrected || isFarOff(offsetMs)) throw stopError('E_CLOCK', String(offsetMs ?? ''))
    isCorrected = true
    return again('clock', { isFree: true })
  }

  async function ask(): Promise<Again | { readonly kind: 'accepted' }> {
    signal.throwIfAborted()
    const response = await calls.list(signal)
    if (response instanceof TransportError) return again(response.reason)
    const { status, body } = response
    const envelope = readEnvelope(body)
    if (status === 401 || status === 400) {
      if (envelope?.errorCode === 'UNAUTHORIZED_API_CALL') return { kind: 'accepted' }
      if (envelope?.message.toLowerCase().includes('timestamp') === true) return correctClock(response)
      throw stopError('E_AUTH', envelope?.errorCode ?? `HTTP ${status}`)
    }
    if (status === 407) throw stopError('E_PROXY_AUTH', '')
    if (status >= 300 && status < 400) throw stopError('E_REDIRECT', '')
    if (status < 500 && status !== 429 && envelope !== undefined) return { kind: 'accepted' }
    if (status < 300) throw stopError('E_NOT_API', '')
    return again(`HTTP ${status}`)
  }

  const found = await retry(ask, parts, signal, { patienceMs })
  if (isAgain(found)) throw stopError('E_REMOTE_DOWN', found.reason)
}

/** Every method throws a `BulkUpdateError` if no row can be updated. */
export type Access = ReturnType<typeof createAccess>

type SignaturePart = 'clock' | 'salt' | 'signature'

export interface AccessParts {
  readonly calls: Pick<Calls, 'list'>
  readonly signer: Signer
  readonly limiter: Pick<RateLimiter, 'allowConcurrency'>
}

/** Until a row is updated, rows go one at a time, and so many equal refusals stop the run. */
const firstRows = 10
/** Statuses that Rapyd does not document for this call: something else answers. */
const strangeStatuses: ReadonlySet<number> = new Set([404, 405, 410, 415, 422])
/** This many in a row are not the fault of single rows. */
const mostBadSignatures = 5
const mostBadKeys = 3

export function createAccess({ calls, signer, limiter }: AccessParts) {
  /** True once a row was updated. */
  let hasUpdated = false
  /** True once rows need not go one at a time. */
  let isProven = false
  const refusals: string[] = []
  let badSignatures = 0
  let badKeys = 0
  let updates: Updates = { through: 0, blocked: 0 }

  function prove(): void {
    isProven = true
    limiter.allowConcurrency()
  }

  /** Resolves with whether one read is accepted. Throws if the keys are refused for it as well. */
  async function doKeysWork(signal: AbortSignal): Promise<boolean> {
    const response = await tryList(calls, signal)
    const envelope = readEnvelope(response?.body ?? '')
    if (response === undefined || envelope === undefined || isThrottled(response)) return false
    if (response.status >= 500) return false
    if (response.status === 401 && envelope.errorCode !== 'UNAUTHORIZED_API_CALL')
      throw stopError('E_AUTH', 'they worked before')
    return true
  }

  return {
    updated(): void {
      hasUpdated = true
      badSignatures = 0
      badKeys = 0
      if (!isProven) prove()
    },
    /** Rapyd itself answered an update. */
    answered(): void {
      updates = { ...updates, through: updates.through + 1 }
    },
    /** An update was throttled. Only other updates that get through show that a page is about this one alone. */
    async blocked(blocks: Blocks, response: ApiResponse, signal: AbortSignal): Promise<Blocks> {
      const { through, blocked } = updates
      if (isFirewallPage(response)) updates = { through, blocked: blocked + 1 }
      const { seen } = blocks
      const found = await countBlock(blocks, response, () => {
        if (through > seen.through) return true
        // If no other update was tried, a read has to do.
        return hasUpdated && blocked === seen.blocked && isListed(calls, signal)
      })
      return { ...found, seen: updates }
    },
    /** Rapyd refused a row. */
    rejected(code: ErrorCode, status: number): void {
      if (isProven) return
      refusals.push(`${code} ${status}`)
      if (refusals.length < firstRows) return
      const areEqual = new Set(refusals).size === 1
      if (areEqual && (code === 'E_CUSTOMER_NOT_HERE' || code === 'E_FORBIDDEN'))
        throw stopError(
          'E_AUTH',
          'none of the first ten customers may be updated: another environment or account?',
        )
      if (areEqual && strangeStatuses.has(status))
        throw stopError('E_NOT_API', `HTTP ${status} for the first ten rows`)
      prove()
    },
    /** The access key was refused. Resolves if that is so for this row alone. */
    async keyRefused(operationId: string, signal: AbortSignal): Promise<void> {
      badKeys++
      if (!hasUpdated || badKeys >= mostBadKeys || !(await doKeysWork(signal)))
        throw stopError('E_AUTH', operationId)
    },
    /** What is made for each request was refused, perhaps because of the clock. */
    correctClock(why: SignaturePart, response: ApiResponse): void {
      const offsetMs = why === 'salt' ? 0 : signer.correctClock(response)
      if (why === 'clock' && isFarOff(offsetMs)) throw stopError('E_CLOCK', String(offsetMs ?? ''))
    },
    /** It was refused again. Resolves if that is so for this row alone. */
    async signatureRefused(why: SignaturePart, signal: AbortSignal): Promise<void> {
      if (why !== 'signature' || !hasUpdated) throw stopError(why === 'clock' ? 'E_CLOCK' : 'E_AUTH', why)
      badSignatures++
      if (badSignatures >= mostBadSignatures) await doKeysWork(signal)
    },
  }
}

/** The answer to a read of the shortest list; undefined if there was none. */
async function tryList(calls: Pick<Calls, 'list'>, signal: AbortSignal): Promise<ApiResponse | undefined> {
  const found = await calls.list(signal).catch(() => undefined)
  return found instanceof TransportError ? undefined : found
}

/** A limit hits one call twice by chance. With 503, no more than three attempts are made. */
const firstComparison = { usual: 3, unclear: 2 }
/** As many pauses of five minutes as fit into the longest outage. */
const mostBlocks = 72

/** Counts one more throttled answer. `isPassed` is asked about pages: did other requests get through since the last one? */
export async function countBlock(
  blocks: Blocks,
  response: ApiResponse,
  isPassed: () => boolean | Promise<boolean>,
): Promise<Blocks> {
  const times = blocks.times + 1
  if (times >= mostBlocks) throw stopError('E_QUOTA', '')
  if (!isFirewallPage(response)) return { ...blocks, times }
  const pages = blocks.pages + 1
  const first = response.status === 503 ? firstComparison.unclear : firstComparison.usual
  const isOwn = pages >= first && (await isPassed())
  return { ...blocks, times, pages, passes: blocks.passes + (isOwn ? 1 : 0) }
}

/** Resolves with whether one read gets through, after the pause. */
export async function isListed(calls: Pick<Calls, 'list'>, signal: AbortSignal): Promise<boolean> {
  const response = await tryList(calls, signal)
  return response !== undefined && response.status < 500 && !isThrottled(response)
}
