/**
 * A whole run on virtual time: clock, network, faults, crashes and starts from one seed. Everything between the rows and the
 * wire is the real thing; the store is one of memory, which keeps what was committed and forgets the rest in a crash.
 */
import { createClient } from '../../src/http/client.ts'
import { createReadBack, createReadCustomer } from '../../src/http/read-customer.ts'
import { createSender } from '../../src/http/sender.ts'
import type { UpdateRequest, Outcome } from '../../src/model/row.ts'
import type { Run, Quota, Window } from '../../src/model/store.ts'
import { createKeyedQueue } from '../../src/engine/keyed-queue.ts'
import type { Clock } from '../../src/model/ports.ts'
import type { VirtualServer } from './virtual-server.ts'

/** What survives a crash. */
export interface Kept {
  readonly intents: Map<number, number>
  readonly outcomes: Map<number, Outcome>
  /** Customers that are held, with the clock's time. */
  readonly held: Map<string, number>
}

const commitMs = 4
const concurrency = 8
const settleAfterMs = 31_000

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
  const intended = new Set<number>()
  const open = [...kept.intents.keys()].filter((row) => !kept.outcomes.has(row))
  const inDoubt = new Map(open.map((row) => [row, { at: clock.now(), attempts: 1 }]))
  const committed = async (action: () => void): Promise<void> => {
    await clock.sleep(commitMs)
    action()
  }
  const run: Pick<Run, 'recordIntent' | 'cancelIntents'> = {
    recordIntent({ row }) {
      if (intended.has(row)) return undefined
      intended.add(row)
      return committed(() => kept.intents.set(row, clock.wall()))
    },
    cancelIntents(rows) {
      for (const row of rows) intended.delete(row)
      return committed(() => {
        for (const row of rows) kept.intents.delete(row)
      })
    },
  }
  const client = createClient({
    // A request that is on the wire when its process dies arrives all the same; its answer reaches nobody.
    transport: {
      exchange: (request) => alive(server.exchange(request), killed),
      close: () => Promise.resolve(),
    },
    credentials: { accessKey: 'access', secretKey: 'secret' },
    quota,
    windows,
    concurrency,
    clock,
    random,
    longestMs: 6 * 3_600_000,
    intend: (request) => run.recordIntent(request, settleAfterMs),
    stop,
  })
  const sender = createSender({
    ...client,
    clock,
    random,
    inDoubt,
    settleAfterMs: () => settleAfterMs,
    held: {
      until: (customerId) => kept.held.get(customerId) ?? 0,
      hold: (customerId, until) => void kept.held.set(customerId, until),
    },
    readBack: createReadBack(createReadCustomer({ ...client, clock, random })),
    cancelIntent: ({ row }) => run.cancelIntents([row]),
    stop,
  })
  const queues = createKeyedQueue(() => concurrency * 4, stop)
  for (const request of requests) {
    if (kept.outcomes.has(request.row)) continue
    queues.add(request.customerId, async () => {
      const outcome = await sender(request, signal)
      if (outcome !== undefined) await committed(() => kept.outcomes.set(outcome.row, outcome))
    })
    if (queues.full) await queues.room()
  }
  await queues.idle()
  await client.close()
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
