/**
 * Settles rows in doubt: the customer is read until nothing that was sent can be applied any more. Requests of an earlier session
 * count like lost attempts of this one.
 */
import type { Clock } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { reduceCall, type CallState, type ReadingVerdict } from './call-state.ts'
import { sleepUntil } from './clock.ts'
import type { HeldCustomers, ReadBackResult, ReadBack } from './ports.ts'

export interface SettlingParts {
  readonly clock: Clock
  readonly readBack: ReadBack
  /** Rows that an earlier session, or the parent run, may have sent, and that have no outcome. */
  readonly inDoubt: ReadonlyMap<number, Doubt>
  /** Rows in doubt that the user asked to send if the customer reads differently, however old the doubt is. */
  readonly isSentAgain?: (row: number) => boolean
  /** Milliseconds after the end of an attempt or a session, after which the customer shows whether it was applied. */
  readonly settleAfterMs: (request: UpdateRequest) => number
  readonly held: HeldCustomers
  /** Waits in the queue of the customer until a time of the clock. Default: waits without a queue. */
  readonly waitFor?: (customerId: string, time: number, signal: AbortSignal) => Promise<void>
}

/** What was left of a row without a clear answer. */
export interface Doubt {
  /** When its last attempt ended at the latest, in the clock's milliseconds. */
  readonly at: number
  /** Its attempts without a clear answer. */
  readonly attempts: number
}

/** What is sent, and what is known of it. Both change from attempt to attempt. */
export interface Call {
  request: UpdateRequest
  state: CallState
  /** True if the current attempt, or the last one, has an answer. */
  isAnswered?: boolean
}

/** This long after its settle time, others may have changed the customer, whose state then proves nothing. */
const longestDoubtMs = 15 * 60_000

/** Milliseconds after an attempt: the customer is read before its settle time is over, since a value that is there needs no wait. */
const earlyReadsMs = [5_000, 30_000]

export function createSettling(parts: SettlingParts) {
  const { clock, readBack, settleAfterMs, held } = parts
  const { waitFor = (_, time, signal) => sleepUntil(clock, time, signal) } = parts

  async function waitUntil(time: number, { customerId }: UpdateRequest, signal: AbortSignal): Promise<void> {
    if (time <= clock.now()) return
    await waitFor(customerId, time, signal)
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
      await waitUntil(at, request, signal)
      const found = await readBack(request, signal, 1)
      isKnownDifferent ||= found === 'different'
      if (found !== 'applied') continue
      // The value may have been there before: then the attempt may still arrive, after a later row.
      if (!isKnownDifferent) held.hold(request.customerId, until)
      return reduceCall(state, toVerdict(found))
    }
    await waitUntil(until, request, signal)
    // A row that is sent again is read little, so that an outage is not met with more reads than updates.
    return reduceCall(state, toVerdict(await readBack(request, signal, lastReads)))
  }

  return {
    /** Waits until a time, as a row that settles. */
    waitUntil,
    /** Settles the last attempt of this session. Without one, the row is settled already. */
    settleAttempt(
      call: Call,
      after: 'attempt' | 'refusal' | 'last_attempt',
      signal: AbortSignal,
    ): Promise<CallState> {
      const { request, state } = call
      const lastReads = after === 'attempt' && request.repeatable ? 3 : undefined
      const toVerdict = (found: ReadBackResult) => ({ kind: 'read_back', after, found }) as const
      return settle(call, state.doubtAt ?? Number.NEGATIVE_INFINITY, toVerdict, signal, lastReads)
    },
    /** Settles a row that an earlier session may have sent. */
    settleEarlier(call: Call, signal: AbortSignal): Promise<CallState> {
      const { row } = call.request
      const endedAt = parts.inDoubt.get(row)?.at ?? clock.now()
      const settledForMs = clock.now() - endedAt - settleAfterMs(call.request)
      const isTooOld = settledForMs > longestDoubtMs && parts.isSentAgain?.(row) !== true
      return settle(
        call,
        endedAt,
        (found) => ({ kind: 'read_back', after: 'restart', found, isTooOld }),
        signal,
      )
    },
  }
}
