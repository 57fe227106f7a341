/**
 * Settles rows in doubt: the customer is read until nothing that was sent can be applied any more. Requests of an earlier session
 * count like lost attempts of this one.
 */
import type { Clock } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { reduceCall } from './call-state.ts'
import type { CallState, ReadingVerdict } from './call-state.ts'
import { sleepUntil } from './clock.ts'
import type { HeldCustomers, ReadBackResult, ReadBack } from './ports.ts'

export interface SettlingParts {
  readonly clock: Clock
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
  /** When the attempts of earlier sessions count as ended, in the clock's milliseconds. Default: now. */
  readonly earlierEndedAt?: number
}

/** What is sent, and what is known of it. Both change from attempt to attempt. */
export interface Call {
  request: UpdateRequest
  state: CallState
}

/** After so long a customer's state proves nothing about a call that was not answered. */
const longestDoubtMs = 15 * 60_000

/** Milliseconds after an attempt: the customer is read before its settle time is over, since a value that is there needs no wait. */
const earlyReadsMs = [5_000, 30_000]

type Doubts = Pick<SettlingParts, 'clock' | 'inDoubt' | 'isSentAgain'>

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

export function createSettling(parts: SettlingParts) {
  const { clock, readBack, settleAfterMs, held } = parts
  // An intent is as old as a row's first attempt. Others may have followed until the end of the session that made them.
  const { earlierEndedAt: begun = clock.now() } = parts

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

  /** `since`: when the last request ended. */
  async function settle(
    { request, state }: Call,
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

  return {
    /** Waits until a time, as a row that settles. */
    waitUntil,
    /** Settles the last attempt of this session. Without one, the row was settled when the session began. */
    settleAttempt(
      call: Call,
      after: 'attempt' | 'refusal' | 'last_attempt',
      signal: AbortSignal,
    ): Promise<CallState> {
      const { request, state } = call
      const lastReads = after === 'attempt' && request.repeatable ? 3 : undefined
      const toVerdict = (found: ReadBackResult) => ({ kind: 'read_back', after, found }) as const
      return settle(call, state.doubtAt ?? begun, toVerdict, signal, lastReads)
    },
    /** Settles a row that an earlier session may have sent. */
    settleEarlier(call: Call, signal: AbortSignal): Promise<CallState> {
      const { row } = call.request
      const isTooOld = doubtAgeMs(parts, row) > longestDoubtMs && parts.isSentAgain?.(row) !== true
      return settle(
        call,
        endOfEarlierAttempts(parts, row, begun),
        (found) => ({ kind: 'read_back', after: 'restart', found, isTooOld }),
        signal,
      )
    },
  }
}
