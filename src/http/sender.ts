/**
 * Carries out one call: attempts until one ends it, and doubt settled by reading the customer back. Every fate becomes an
 * outcome; only what stops the whole run is thrown.
 */
import type { UpdateRequest } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { Send } from '../model/ports.ts'
import { createAttempt, notSentTwice } from './attempt.ts'
import type { AttemptParts } from './attempt.ts'
import { confirmed, outcomeOf, startCourse, untilSettled, updated } from './course.ts'
import type { Course, Ending } from './course.ts'
import { retry, TryAgain } from './retry.ts'

export interface SenderParts extends AttemptParts {
  readonly random: () => number
  /** Rows with an intent of an earlier session and without an outcome, with the time of the intent (ms since 1970). */
  readonly inDoubt: ReadonlyMap<number, number>
  /** Rows in doubt whose user has asked to send them where the customer reads differently, however old the doubt is. */
  readonly isSentAgain?: (row: number) => boolean
  /** Takes a row's intent back: no request of it can have been applied. */
  readonly withdraw: (request: UpdateRequest) => Promise<void>
}

/** After so long a customer's state proves nothing about a call that was not answered. */
const longestDoubtMs = 15 * 60_000

const tooOld: Ending = {
  outcome: 'unknown',
  code: 'E_IN_DOUBT',
  message: 'not answered long ago; the customer reads differently now, and others may have changed it since',
}

const unseen: Ending = {
  outcome: 'unknown',
  code: 'E_IN_DOUBT',
  message: 'may have been applied; no read of the customer was answered',
}

export function createSender(parts: SenderParts): Send {
  const { clock, calls } = parts
  // An intent is as old as a row's first attempt; others may have followed, until the session that made them ended.
  const begun = clock.now()
  const { readBack } = parts
  const attempt = createAttempt(parts)

  async function afterLastAttempt(
    request: UpdateRequest,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending> {
    const { code } = course
    if (!course.doubt) return { outcome: 'failed', code, message: 'no connection in any attempt' }
    await untilSettled(parts, request, course, signal)
    const finding = await readBack(request, signal)
    if (finding === 'applied') return confirmed(course)
    if (finding === 'different' && course.answered) {
      const message = `Rapyd failed on every attempt (HTTP ${course.httpStatus}); reading back shows no change`
      return { outcome: 'rejected', code, message }
    }
    return { outcome: 'unknown', code, message: 'may have been applied; reading back could not settle it' }
  }

  /** A row that an earlier session may have sent is read back first, once nothing can be under way any more. Gives nothing where it is to be sent. */
  async function settleDoubt(
    request: UpdateRequest,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending | undefined> {
    const ageMs = Math.max(0, clock.wall() - (parts.inDoubt.get(request.row) ?? 0))
    const isAsked = parts.isSentAgain?.(request.row) === true
    // Of rows that another run has ended, the time is that of their last attempt.
    const endedAt = isAsked ? Math.min(begun, clock.now() - ageMs) : begun
    const waitMs = endedAt + parts.settledAfterMs() - clock.now()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    const finding = await readBack(request, signal)
    if (finding === 'applied') return updated
    if (finding === 'unanswered') return unseen
    course.isReadBack = true
    if (finding === 'different') {
      // Others may have written since: that it reads differently says nothing about this row.
      if (ageMs > longestDoubtMs && !isAsked) return tooOld
      course.doubt = false
      return undefined
    }
    course.unread = true
    return request.repeatable ? undefined : notSentTwice
  }

  /** From the row's first request on. `leave` gives its place to the next row. */
  async function call(
    request: UpdateRequest,
    course: Course,
    leave: () => void,
    signal: AbortSignal,
  ): Promise<Ending> {
    const verdict = await retry(() => attempt(request, course, signal).finally(leave), parts, signal)
    return verdict instanceof TryAgain ? afterLastAttempt(request, course, signal) : verdict
  }

  return async (request, signal) => {
    if (signal.aborted) return undefined
    const course = startCourse(parts.inDoubt.has(request.row))
    try {
      const settled = course.doubt ? await settleDoubt(request, course, signal) : undefined
      if (settled !== undefined) return outcomeOf(request, course, settled, clock)
      const leave = await calls.enter(request, signal)
      return outcomeOf(request, course, await call(request, course, leave, signal), clock)
    } catch (error) {
      const isStop = signal.aborted && error === signal.reason
      // Before the journal is waited for, so that nothing is sent meanwhile.
      if (error instanceof BulkUpdateError) parts.stop(error)
      // What was refused for everybody's reasons, or never sent, is not in doubt; a failure on this side proves nothing.
      const isRefused = error instanceof BulkUpdateError && (error.kind === 'AUTH' || error.kind === 'REMOTE')
      if (!course.doubt && (isStop || isRefused)) await parts.withdraw(request)
      if (isStop) return undefined
      throw error
    }
  }
}
