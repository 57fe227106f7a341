/**
 * The log of all calls: the newest in full, and counters of all. Tests compare a run with it: nothing applied twice, no two calls
 * in flight for one customer, no limit exceeded.
 */
import type { IncomingHttpHeaders } from 'node:http'

export interface SimulatedCall {
  /** When it arrived: milliseconds since 1970 with a fraction, never going back. */
  readonly at: number
  /** As on the request line: `POST`. */
  readonly method: string
  readonly path: string
  /** Empty if the path names none. */
  readonly customerId: string
  readonly body: string
  /** Empty texts if the request had none. */
  readonly headers: { readonly salt: string; readonly timestamp: string; readonly idempotency: string }
  /** Of the answer; 0 if no whole answer went out. */
  readonly status: number
  /** True if this call was applied, even if it changed no value. */
  readonly applied: boolean
  /** True if the first answer to its idempotency key was replayed. */
  readonly replayed: boolean
  readonly errorCode: string
  /** Name of the fault that struck it; empty for none. `slow` and `clock` are named only if no other fault struck. */
  readonly fault: string
}

export type OpenCall = { -readonly [Key in keyof SimulatedCall]: SimulatedCall[Key] }

export type CallCounts = Readonly<ReturnType<typeof createCallLog>['counts']>

/** `keep` is the number of the newest calls that stay readable; 0 for counters only. */
export function createCallLog(keep: number) {
  const kept: SimulatedCall[] = []
  const inFlightOf = new Map<string, number>()
  // In large steps: to remove one from the front at every call would move the whole array each time.
  function trim(slack: number): void {
    if (kept.length > keep + slack) kept.splice(0, kept.length - keep)
  }

  const counts = {
    /** The newest calls by arrival; a call still under way has status 0. */
    get calls(): readonly SimulatedCall[] {
      trim(0)
      return kept
    },
    /** All calls, also those that are not kept. */
    callCount: 0,
    appliedCount: 0,
    /** Requests that the rate limit refused. */
    overLimit: 0,
    inFlight: 0,
    inFlightMax: 0,
    /** Over 1 if two calls for one customer were in flight at once. */
    inFlightPerCustomerMax: 0,
  }
  return {
    counts,
    open(
      called: Pick<SimulatedCall, 'method' | 'path' | 'customerId'>,
      headers: IncomingHttpHeaders,
    ): OpenCall {
      const text = (name: string) => String(headers[name] ?? '')
      const call: OpenCall = {
        at: performance.timeOrigin + performance.now(),
        ...called,
        body: '',
        headers: { salt: text('salt'), timestamp: text('timestamp'), idempotency: text('idempotency') },
        status: 0,
        applied: false,
        replayed: false,
        errorCode: '',
        fault: '',
      }
      counts.callCount += 1
      counts.inFlight += 1
      counts.inFlightMax = Math.max(counts.inFlightMax, counts.inFlight)
      if (keep > 0) kept.push(call)
      trim(Math.max(1000, keep / 4))
      if (call.customerId !== '') {
        const concurrent = (inFlightOf.get(call.customerId) ?? 0) + 1
        inFlightOf.set(call.customerId, concurrent)
        counts.inFlightPerCustomerMax = Math.max(counts.inFlightPerCustomerMax, concurrent)
      }
      return call
    },
    count({ applied }: SimulatedCall, overLimit: boolean): void {
      if (applied) counts.appliedCount += 1
      if (overLimit) counts.overLimit += 1
    },
    /** The call is no longer in flight. */
    close({ customerId }: SimulatedCall): void {
      counts.inFlight -= 1
      const concurrent = (inFlightOf.get(customerId) ?? 1) - 1
      if (concurrent > 0) inFlightOf.set(customerId, concurrent)
      else inFlightOf.delete(customerId)
    },
  }
}
