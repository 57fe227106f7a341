/**
 * Carries out one call: repeats attempts until one ends it, and reads the customer back if one may have been applied.
 * Whatever happens to a row becomes its outcome; exceptions stop the run.
 */
import { BulkUpdateError } from '../model/errors.ts'
import type { Send } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { createAttempt } from './attempt.ts'
import type { AttemptParts } from './attempt.ts'
import { reduceCall, startCall, toOutcome } from './call-state.ts'
import type { CallState, Step } from './call-state.ts'
import type { ReadBack } from './read-customer.ts'
import { isAgain, retry } from './retry.ts'

export interface SenderParts extends AttemptParts {
  readonly random: () => number
  readonly readBack: ReadBack
  /** Rows with an intent of an earlier session and without an outcome, with the time of the intent (ms since 1970). */
  readonly inDoubt: ReadonlyMap<number, number>
  /** Rows in doubt that the user asked to send if the customer reads differently, however old the doubt is. */
  readonly isSentAgain?: (row: number) => boolean
  /** So many ms after the end of an attempt, or of a session, none of its requests can still be on its way. */
  readonly settledAfterMs: () => number
  /** Takes a row's intent back: none of its requests can have been applied. */
  readonly withdraw: (request: UpdateRequest) => Promise<void>
}

/** After so long a customer's state proves nothing about a call that was not answered. */
const longestDoubtMs = 15 * 60_000

export function createSender(parts: SenderParts): Send {
  const { clock, calls, readBack, settledAfterMs } = parts
  // An intent is as old as a row's first attempt. Others may have followed until the end of the session that made them.
  const begun = clock.now()
  const attempt = createAttempt(parts)

  async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
    const waitMs = time - clock.now()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
  }

  /**
   * A request that is read back while it is on its way would be sent, and applied, twice. A row for which that does no harm
   * does not wait.
   */
  async function waitUntilSettled({ isRepeatable, lostAt }: CallState, signal: AbortSignal): Promise<void> {
    if (!isRepeatable && lostAt !== undefined) await waitUntil(lostAt + settledAfterMs(), signal)
  }

  /** Reads a row back that an earlier session may have sent. */
  async function settleEarlier(
    request: UpdateRequest,
    state: CallState,
    signal: AbortSignal,
  ): Promise<CallState> {
    const ageMs = Math.max(0, clock.wall() - (parts.inDoubt.get(request.row) ?? 0))
    const isAsked = parts.isSentAgain?.(request.row) === true
    // If another run has ended the row, the time is that of its last attempt.
    const endedAt = isAsked ? Math.min(begun, clock.now() - ageMs) : begun
    await waitUntil(endedAt + settledAfterMs(), signal)
    const found = await readBack(request, signal)
    const isTooOld = ageMs > longestDoubtMs && !isAsked
    return reduceCall(state, { kind: 'read_back', after: 'restart', found, isTooOld })
  }

  /** Reads back what became of earlier attempts, then sends. */
  async function tryOnce(request: UpdateRequest, before: CallState, signal: AbortSignal): Promise<CallState> {
    let state = before
    if (state.inDoubt && !state.isReadBack) {
      await waitUntilSettled(state, signal)
      const found = await readBack(request, signal, readsBeforeRetry(state))
      state = reduceCall(state, { kind: 'read_back', after: 'attempt', found })
      if (state.next.kind !== 'send') return state
    }
    state = reduceCall(state, await attempt(request, state, signal))
    if (state.next.kind !== 'check_refusal') return state
    const found = await readBack(request, signal)
    return reduceCall(state, { kind: 'read_back', after: 'refusal', found })
  }

  /** Reads back what became of a row whose attempts are used up. */
  async function settleLast(
    request: UpdateRequest,
    state: CallState,
    signal: AbortSignal,
  ): Promise<CallState> {
    await waitUntilSettled(state, signal)
    const found = await readBack(request, signal)
    return reduceCall(state, { kind: 'read_back', after: 'last_attempt', found })
  }

  return async (request, signal) => {
    if (signal.aborted) return undefined
    let state = startCall(request, parts.inDoubt.has(request.row))
    try {
      if (state.inDoubt) state = await settleEarlier(request, state, signal)
      if (state.next.kind === 'end') return toOutcome(request, state, clock.wall())
      const leave = await calls.enter(request, signal)
      const last = await retry<Step>(
        async () => {
          try {
            state = await tryOnce(request, state, signal)
            return state.next
          } finally {
            // The row gives up its place after its first request.
            leave()
          }
        },
        parts,
        signal,
      )
      if (isAgain(last) && state.inDoubt) state = await settleLast(request, state, signal)
      return toOutcome(request, state, clock.wall())
    } catch (error) {
      const isStop = signal.aborted && error === signal.reason
      // At once, so that nothing is sent while the journal is written.
      if (error instanceof BulkUpdateError) parts.stop(error)
      // A refusal of the whole run, or a stop before it was sent, leaves no doubt; a local failure proves nothing.
      const isRefused = error instanceof BulkUpdateError && (error.kind === 'AUTH' || error.kind === 'REMOTE')
      if (!state.inDoubt && (isStop || isRefused)) await parts.withdraw(request)
      if (isStop) return undefined
      throw error
    }
  }
}

/**
 * Reads at most, before a row is sent again; undefined for the default. What does no harm twice is read little, so that an
 * outage is not met with more reads than updates: once after errors of the API, up to three times after a broken connection.
 */
function readsBeforeRetry({ isRepeatable, isAnswered }: CallState): number | undefined {
  if (!isRepeatable) return undefined
  return isAnswered ? 1 : 3
}
