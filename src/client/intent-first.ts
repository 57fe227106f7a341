/**
 * Calls where nobody waits for turns: a row has its intent on disk, in a group with others, before anything else is done for
 * it; mostly it came there with the outcome of an earlier row. Rows wait for it, and for a place, as little more than their
 * request: a call under way holds many times as much, and V8 would copy all of it with every collection of young objects.
 */
import type { Outcome } from '../domain/outcome.ts'
import type { UpdateRequest } from '../domain/request.ts'
import type { Clock, Deliver, Journal } from '../pipeline/ports.ts'
import { listenOnce } from './listen-once.ts'

export interface IntentFirstParts {
  readonly journal: Pick<Journal, 'intend' | 'withdraw'>
  /** A row that an earlier session may have sent is looked up before it has an intent of this one. */
  readonly isInDoubt: (row: number) => boolean
  /** Calls that begin beside each other. Those that sleep don't count, and those in doubt don't wait for a place. */
  readonly places: number
  readonly clock: Clock
}

export interface IntentFirst {
  around(deliver: Deliver): Deliver
  /** For what `deliver` sleeps with: whoever sleeps leaves its place to the next row. */
  readonly clock: Clock
}

export function createIntentFirst({ journal, isInDoubt, places, clock }: IntentFirstParts): IntentFirst {
  let underWay = 0
  /** Rows with an intent that wait for a place. */
  const ready: (() => void)[] = []

  function leave(): void {
    underWay--
    if (underWay < places) ready.shift()?.()
  }

  async function giveUp(request: UpdateRequest): Promise<undefined> {
    await journal.withdraw(request)
  }

  /** When the run stops, whoever is ready gives up at once, however long the calls under way take: it was not sent. */
  const hear = listenOnce(() => {
    for (const begin of ready.splice(0)) begin()
  })

  return {
    around(deliver) {
      function begin(request: UpdateRequest, signal: AbortSignal): Promise<Outcome | undefined> {
        if (signal.aborted) return giveUp(request)
        underWay++
        const fate = deliver(request, signal)
        fate.then(leave, leave)
        return fate
      }

      /** Waits for a place; one that comes free goes to the row that has waited longest. */
      function place(request: UpdateRequest, signal: AbortSignal): Promise<Outcome | undefined> {
        if (underWay < places) return begin(request, signal)
        return new Promise((resolve) => ready.push(() => resolve(begin(request, signal))))
      }

      return (request, signal) => {
        if (signal.aborted) return Promise.resolve(undefined)
        hear(signal)
        if (isInDoubt(request.row)) return begin(request, signal)
        const durable = journal.intend(request)
        return durable === undefined ? place(request, signal) : durable.then(() => place(request, signal))
      }
    },
    clock: {
      now: () => clock.now(),
      wall: () => clock.wall(),
      async sleep(ms, signal) {
        leave()
        await clock.sleep(ms, signal)
        underWay++
      },
    },
  }
}
