/**
 * Carries out one call: repeats attempts until one ends it, and reads the customer back if one may have been applied.
 * Whatever happens to a row becomes its outcome; exceptions stop the run.
 */
import { BulkUpdateError } from '../model/errors.ts'
import type { Send } from '../model/ports.ts'
import { isOutcome } from '../model/outcome.ts'
import type { Outcome } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import { createAttempt } from './attempt.ts'
import { TransportError } from './errors.ts'
import { sleepUntil } from './clock.ts'
import type { AttemptParts } from './attempt.ts'
import { reduceCall, startCall, toOutcome } from './call-state.ts'
import type { CallState, ReadingVerdict, RequestVerdict, Step, Unsendable } from './call-state.ts'
import { longestReadingMs } from './read-customer.ts'
import type { ReadBack, ReadBackResult } from './read-customer.ts'
import { isAgain, retry } from './retry.ts'

export interface SenderParts extends AttemptParts {
  readonly random: () => number
  readonly readBack: ReadBack
  /** Rows with an intent of an earlier session and without an outcome, with the time of the intent (ms since 1970). */
  readonly inDoubt: ReadonlyMap<number, number>
  /** Rows in doubt that the user asked to send if the customer reads differently, however old the doubt is. */
  readonly isSentAgain?: (row: number) => boolean
  /** So many ms after the end of an attempt, or of a session, its requests count as not applied if the customer shows so. */
  readonly settleAfterMs: (request: UpdateRequest) => number
  readonly held: HeldCustomers
  /** Called with 1 when a row begins to wait for its settle time, and with -1 at the end. Must not throw. */
  readonly onSettling?: (change: 1 | -1) => void
  /** Cancels a row's intent: none of its requests can have been applied. */
  readonly cancelIntent: (request: UpdateRequest) => Promise<void>
  /** When the attempts of earlier sessions count as ended, in the clock's milliseconds. Default: now. */
  readonly earlierEndedAt?: number
  /** True if another run has sent something to the customer since this row in doubt. Default: never. */
  readonly isOvertaken?: (row: number) => Promise<boolean>
  /**
   * Reads the customer again, and makes the body of what it shows: the same request if nothing that counts has changed. Resolves with
   * the outcome if nothing may be sent. Needed if bodies hold what was read. `isInDoubt`: an attempt may have been applied.
   */
  readonly readAgain?: (
    request: UpdateRequest,
    isInDoubt: boolean,
    signal: AbortSignal,
  ) => Promise<UpdateRequest | Outcome>
}

/** Customers with a row that was settled early: an attempt of it may still arrive until then. Times are the clock's. */
export interface HeldCustomers {
  /** Returns 0 for a customer that is not held. */
  until(customerId: string): number
  hold(customerId: string, until: number): void
}

/** After so long a customer's state proves nothing about a call that was not answered. */
const longestDoubtMs = 15 * 60_000

/** Milliseconds after an attempt: the customer is read before its settle time is over, since a value that is there needs no wait. */
const earlyReadsMs = [5_000, 30_000]

const oldReading = { kind: 'lost', error: new TransportError('not_sent', 'old_reading'), at: 0 } as const

function isOldReading(verdict: RequestVerdict): boolean {
  return verdict.kind === 'lost' && verdict.error.reason === oldReading.error.reason
}

/** After a doubt was settled, others may have changed the customer as well. */
function toReadAgain(request: UpdateRequest): UpdateRequest {
  const { reading } = request
  return reading === undefined ? request : { ...request, reading: { ...reading, at: -Infinity } }
}

/** What is sent, and what is known of it. Both change from attempt to attempt. */
interface Call {
  request: UpdateRequest
  state: CallState
}

type Doubts = Pick<SenderParts, 'clock' | 'inDoubt' | 'isSentAgain'>

function doubtAgeMs({ clock, inDoubt }: Doubts, row: number): number {
  return Math.max(0, clock.wall() - (inDoubt.get(row) ?? 0))
}

/**
 * When the attempts of an earlier session count as ended, in the clock's milliseconds: at `begun`. If another run has ended the
 * row, the time is that of its last attempt.
 */
export function endOfEarlierAttempts(doubts: Doubts, row: number, begun: number): number {
  const isAsked = doubts.isSentAgain?.(row) === true
  return isAsked ? Math.min(begun, doubts.clock.now() - doubtAgeMs(doubts, row)) : begun
}

export function createSender(parts: SenderParts): Send {
  const { clock, calls, readBack, settleAfterMs, held, readAgain } = parts
  // An intent is as old as a row's first attempt. Others may have followed until the end of the session that made them.
  const { earlierEndedAt: begun = clock.now() } = parts
  const attempt = createAttempt(parts)

  async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
    if (time <= clock.now()) return
    parts.onSettling?.(1)
    try {
      await sleepUntil(clock, time, signal)
    } finally {
      parts.onSettling?.(-1)
    }
    signal.throwIfAborted()
  }

  /** Reads the customer until nothing that was sent up to `since` can be applied any more. */
  async function settle(
    request: UpdateRequest,
    state: CallState,
    since: number,
    toVerdict: (found: ReadBackResult) => ReadingVerdict,
    signal: AbortSignal,
    lastReads?: number,
  ): Promise<CallState> {
    const until = since + settleAfterMs(request)
    let isKnownDifferent = state.isKnownDifferent
    for (const readAfterMs of earlyReadsMs) {
      const at = since + readAfterMs
      if (at >= until || at < clock.now()) continue
      await waitUntil(at, signal)
      const found = await readBack(request, signal, 1)
      isKnownDifferent ||= found === 'different'
      if (found !== 'applied') continue
      // The value may have been there before: then the attempt may still arrive, after a later row.
      if (!isKnownDifferent) held.hold(request.customerId, until)
      return reduceCall(state, toVerdict(found))
    }
    await waitUntil(until, signal)
    // A row that is sent again is read little, so that an outage is not met with more reads than updates.
    return reduceCall(state, toVerdict(await readBack(request, signal, lastReads)))
  }

  function settleAttempt(
    request: UpdateRequest,
    state: CallState,
    after: 'attempt' | 'refusal' | 'last_attempt',
    signal: AbortSignal,
  ): Promise<CallState> {
    // Without a doubt of this session it was settled when the session began.
    const since = state.doubtAt ?? begun
    const lastReads = after === 'attempt' && request.repeatable ? 3 : undefined
    const toVerdict = (found: ReadBackResult) => ({ kind: 'read_back', after, found }) as const
    return settle(request, state, since, toVerdict, signal, lastReads)
  }

  /** Settles a row that an earlier session may have sent. */
  function settleEarlier(request: UpdateRequest, state: CallState, signal: AbortSignal): Promise<CallState> {
    const isAsked = parts.isSentAgain?.(request.row) === true
    const isTooOld = doubtAgeMs(parts, request.row) > longestDoubtMs && !isAsked
    return settle(
      request,
      state,
      endOfEarlierAttempts(parts, request.row, begun),
      (found) => ({ kind: 'read_back', after: 'restart', found, isTooOld }),
      signal,
    )
  }

  const isRecent = ({ reading }: UpdateRequest): boolean =>
    reading === undefined || clock.now() - reading.at <= longestReadingMs

  /** Sends once. If the customer was read too long ago when it could be sent, it is read again, once. */
  async function sendOnce(call: Call, signal: AbortSignal): Promise<RequestVerdict | Unsendable> {
    const isUsable = (): boolean => isRecent(call.request)
    const verdict = isUsable() ? await attempt(call.request, call.state, signal, isUsable) : oldReading
    if (readAgain === undefined || !isOldReading(verdict)) return verdict
    const isInDoubt = call.state.attempts > 0 || parts.inDoubt.has(call.request.row)
    const found = await readAgain(call.request, isInDoubt, signal)
    if (isOutcome(found)) return { kind: 'unsendable', outcome: found }
    call.request = found
    return attempt(call.request, call.state, signal)
  }

  /** Settles earlier attempts, then sends. */
  async function tryOnce(call: Call, signal: AbortSignal): Promise<Step> {
    if (call.state.inDoubt && !call.state.isReadBack) {
      call.state = await settleAttempt(call.request, call.state, 'attempt', signal)
      if (call.state.next.kind !== 'send') return call.state.next
      call.request = toReadAgain(call.request)
    }
    call.state = reduceCall(call.state, await sendOnce(call, signal))
    if (call.state.next.kind === 'check_refusal')
      call.state = await settleAttempt(call.request, call.state, 'refusal', signal)
    return call.state.next
  }

  return async (asked, signal) => {
    if (signal.aborted) return undefined
    const call: Call = { request: asked, state: startCall(asked, parts.inDoubt.has(asked.row)) }
    try {
      await waitUntil(held.until(asked.customerId), signal)
      if (call.state.inDoubt && (await parts.isOvertaken?.(asked.row)) === true)
        call.state = reduceCall(call.state, { kind: 'overtaken' })
      else if (call.state.inDoubt) {
        call.state = await settleEarlier(asked, call.state, signal)
        call.request = toReadAgain(asked)
      }
      if (call.state.next.kind === 'end') return toOutcome(asked, call.state, clock.wall())
      await calls.enter(call.request, signal)
      const last = await retry<Step>(() => tryOnce(call, signal), parts, signal)
      if (call.state.inDoubt && (isAgain(last) || last.kind === 'settle_last'))
        call.state = await settleAttempt(call.request, call.state, 'last_attempt', signal)
      return toOutcome(call.request, call.state, clock.wall())
    } catch (error) {
      const isStop = signal.aborted && error === signal.reason
      // At once, so that nothing is sent while the store is written.
      if (error instanceof BulkUpdateError) parts.stop(error)
      // A refusal of the whole run, or a stop before it was sent, leaves no doubt; a local failure proves nothing.
      const isRefused = error instanceof BulkUpdateError && (error.kind === 'AUTH' || error.kind === 'REMOTE')
      if (!call.state.inDoubt && (isStop || isRefused)) await parts.cancelIntent(asked)
      if (isStop) return undefined
      throw error
    }
  }
}
