/** The product's one loop: rows become requests, requests run in the queue of their customer, and every row gets an outcome. */
import { isOutcome, type Outcome } from '../model/row.ts'
import type { Send, Prepare, Source } from '../model/ports.ts'
import type { KeyedQueue } from './keyed-queue.ts'

export interface Pipeline {
  readonly source: Source
  readonly prepare: Prepare
  readonly send: Send
  readonly queues: KeyedQueue
  /** Stores an outcome. Resolves when it is durable. */
  readonly settle: (outcome: Outcome) => Promise<void>
  /** After its abort no more rows are taken. Requests that run may end. */
  readonly signal: AbortSignal
}

export async function drain({ source, prepare, send, queues, settle, signal }: Pipeline): Promise<void> {
  // A row that was not started before a stop has no outcome yet.
  const settleIfEnded = (outcome: Outcome | undefined): Promise<void> | undefined =>
    outcome === undefined ? undefined : settle(outcome)
  for await (const rows of source) {
    for (const row of rows) {
      if (signal.aborted) return queues.idle()
      const prepared = prepare(row)
      queues.add(prepared.customerId || `row ${prepared.row}`, () =>
        isOutcome(prepared) ? settle(prepared) : send(prepared, signal).then(settleIfEnded),
      )
      if (queues.full) await queues.room()
    }
  }
  await queues.idle()
}
