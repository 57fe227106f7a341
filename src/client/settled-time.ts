/**
 * How long to wait before a customer is read back: a call that nobody answered may still be under way, and what reads
 * "different" a moment before it is applied would be sent, and applied, twice.
 */
import type { UpdateRequest } from '../domain/request.ts'
import type { Clock } from '../pipeline/ports.ts'
import type { Course } from './course.ts'

export interface SettledTimeParts {
  readonly clock: Clock
  /** So many ms after the end of an attempt, or of a whole session, nothing of it can be under way any more. */
  readonly settledAfterMs: () => number
}

/** Resolves also when `signal` aborts. What does no harm twice does not wait. */
export function untilSettled(
  { clock, settledAfterMs }: SettledTimeParts,
  request: UpdateRequest,
  course: Course,
  signal: AbortSignal,
): Promise<void> {
  if (request.repeatable || course.lostAt === undefined) return Promise.resolve()
  const waitMs = course.lostAt + settledAfterMs() - clock.now()
  return waitMs > 0 ? clock.sleep(waitMs, signal) : Promise.resolve()
}

/** A gateway answers for a server that may still be at work. */
export function answersForAnother(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}
