/**
 * Carries out one call: repeats attempts until one ends it, and reads the customer back if one may have been applied.
 * Whatever happens to a row becomes its outcome; exceptions stop the run.
 */
import { BulkUpdateError } from '../model/errors.ts'
import type { Send } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { createAttempt } from './attempt.ts'
import { sleepUntil } from './clock.ts'
import type { AttemptParts } from './attempt.ts'
import { reduceCall, startCall, toOutcome } from './call-state.ts'
import type { CallState, ReadingVerdict, Step } from './call-state.ts'
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
  const { clock, calls, readBack, settleAfterMs, held } = parts
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

  /** Settles earlier attempts, then sends. */
  async function tryOnce(request: UpdateRequest, before: CallState, signal: AbortSignal): Promise<CallState> {
    let state = before
    if (state.inDoubt && !state.isReadBack) {
      state = await settleAttempt(request, state, 'attempt', signal)
      if (state.next.kind !== 'send') return state
    }
    state = reduceCall(state, await attempt(request, state, signal))
    return state.next.kind === 'check_refusal' ? settleAttempt(request, state, 'refusal', signal) : state
  }

  return async (request, signal) => {
    if (signal.aborted) return undefined
    let state = startCall(request, parts.inDoubt.has(request.row))
    try {
      await waitUntil(held.until(request.customerId), signal)
      if (state.inDoubt && (await parts.isOvertaken?.(request.row)) === true)
        state = reduceCall(state, { kind: 'overtaken' })
      else if (state.inDoubt) state = await settleEarlier(request, state, signal)
      if (state.next.kind === 'end') return toOutcome(request, state, clock.wall())
      await calls.enter(request, signal)
      const last = await retry<Step>(
        async () => {
          state = await tryOnce(request, state, signal)
          return state.next
        },
        parts,
        signal,
      )
      if (state.inDoubt && (isAgain(last) || last.kind === 'settle_last'))
        state = await settleAttempt(request, state, 'last_attempt', signal)
      return toOutcome(request, state, clock.wall())
    } catch (error) {
      const isStop = signal.aborted && error === signal.reason
      // At once, so that nothing is sent while the store is written.
      if (error instanceof BulkUpdateError) parts.stop(error)
      // A refusal of the whole run, or a stop before it was sent, leaves no doubt; a local failure proves nothing.
      const isRefused = error instanceof BulkUpdateError && (error.kind === 'AUTH' || error.kind === 'REMOTE')
      if (!state.inDoubt && (isStop || isRefused)) await parts.cancelIntent(request)
      if (isStop) return undefined
      throw error
    }
  }
}
