/**
 * A whole run on virtual time: clock, network, faults, crashes and starts from one seed. Everything between the rows and the
 * wire is the real thing; the journal keeps what was committed, and forgets the rest in a crash.
 */
import { createCalls } from '../../src/http/call.ts'
import { createFoundRate } from '../../src/http/found-rate.ts'
import { createHealth } from '../../src/http/health.ts'
import { createLimiter } from '../../src/http/limiter.ts'
import { createOutage } from '../../src/http/outage.ts'
import { createProof } from '../../src/http/proof.ts'
import { createReadBack, createReadCustomer } from '../../src/http/read-customer.ts'
import { createSender } from '../../src/http/sender.ts'
import { createSigner } from '../../src/http/signing.ts'
import { createSlots } from '../../src/http/slots.ts'
import { createThrottle } from '../../src/http/throttle.ts'
import type { Outcome } from '../../src/model/outcome.ts'
import type { UpdateRequest } from '../../src/model/row.ts'
import { createKeyedQueue } from '../../src/engine/keyed-queue.ts'
import type { Clock, Journal, Quota, Window } from '../../src/model/ports.ts'
import type { VirtualServer } from './virtual-server.ts'

/** What survives a crash. */
export interface Kept {
  readonly intents: Map<number, number>
  readonly outcomes: Map<number, Outcome>
}

const commitMs = 4
const concurrency = 8
const settledAfterMs = 31_000

/** One session: begins, and ends with the last row or with `killed`. Resolves with what stopped it, or nothing. */
export async function session(
  requests: readonly UpdateRequest[],
  kept: Kept,
  server: VirtualServer,
  windows: readonly Window[],
  quota: Quota,
  real: Clock,
  killed: AbortSignal,
  random: () => number,
): Promise<unknown> {
  const clock = mortal(real, killed)
  const stopping = new AbortController()
  const { signal } = stopping
  const stop = (error: unknown): void => stopping.abort(error)
  const slots = createSlots(concurrency, false)
  const found = createFoundRate(clock)
  const limiter = createLimiter({ quota, slots, found, clock })
  const longestMs = 6 * 3_600_000
  const throttle = createThrottle({
    limiter,
    found,
    windows,
    clock,
    random,
    longestMs,
    onThrottled() {},
    stop,
  })
  const probe = (of: AbortSignal): Promise<boolean> =>
    calls.list(of).then(
      ({ status }) => status < 500,
      () => false,
    )
  const outage = createOutage({ limiter, clock, longestMs, stop, probe })
  const signer = createSigner({ accessKey: 'access', secretKey: 'secret' }, clock)
  const proof = createProof(slots)
  const intended = new Set<number>()
  const inDoubt = new Map([...kept.intents].filter(([row]) => !kept.outcomes.has(row)))
  const committed = async (action: () => void): Promise<void> => {
    await clock.sleep(commitMs)
    action()
  }
  const journal: Pick<Journal, 'intend' | 'withdraw'> = {
    intend({ row }) {
      if (intended.has(row)) return undefined
      intended.add(row)
      return committed(() => kept.intents.set(row, clock.wall()))
    },
    withdraw({ row }) {
      intended.delete(row)
      return committed(() => kept.intents.delete(row))
    },
  }
  const calls = createCalls({
    limiter,
    health: createHealth({ throttle, slots, found, isPaused: () => limiter.pausedForMs > 0, outage }),
    signer,
    // A request that is on the wire when its process dies arrives all the same; its answer reaches nobody.
    transport: {
      exchange: (request) => alive(server.exchange(request), killed),
      close: () => Promise.resolve(),
    },
    intend: (request) => journal.intend(request),
    concurrency,
    hasWindows: windows.length > 0,
  })
  signal.addEventListener('abort', calls.giveUp)
  const sender = createSender({
    calls,
    signer,
    proof,
    clock,
    random,
    inDoubt,
    settledAfterMs: () => settledAfterMs,
    readBack: createReadBack(createReadCustomer({ calls, signer, clock, random })),
    withdraw: (request) => journal.withdraw(request),
    stop,
  })
  const lanes = createKeyedQueue(() => concurrency * 4, stop)
  for (const request of requests) {
    if (kept.outcomes.has(request.row)) continue
    lanes.add(request.customerId, async () => {
      const outcome = await sender(request, signal)
      if (outcome !== undefined) await committed(() => kept.outcomes.set(outcome.row, outcome))
    })
    if (lanes.full) await lanes.room()
  }
  await lanes.idle()
  outage.close()
  return signal.aborted ? signal.reason : undefined
}

/** Nothing happens any more to a process that was killed. */
function mortal(clock: Clock, killed: AbortSignal): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    sleep: (ms, signal) => alive(clock.sleep(ms, signal), killed),
  }
}

function alive<Value>(promise: Promise<Value>, killed: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    promise.then(
      (value) => (killed.aborted ? undefined : resolve(value)),
      (error: unknown) => (killed.aborted ? undefined : reject(error)),
    )
  })
}
