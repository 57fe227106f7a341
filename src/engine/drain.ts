/** The product's one loop: rows become requests, requests run in the queue of their customer, and every row gets an outcome. */
import { isOutcome, type Outcome } from '../model/row.ts'
import type { Send, Prepare, Source } from '../model/ports.ts'
import type { KeyedQueue } from './keyed-queue.ts'

export interface Pipeline {
  readonly source: Source
  readonly prepare: Prepare
  readonly deliver: Send
  readonly lanes: KeyedQueue
  /** Stores an outcome. Resolves when it is durable. */
  readonly settle: (outcome: Outcome) => Promise<void>
  /** After its abort no more rows are taken. Requests that run may end. */
  readonly signal: AbortSignal
}

export async function send({ source, prepare, deliver, lanes, settle, signal }: Pipeline): Promise<void> {
  // A row that was not started before a stop has no outcome yet.
  const settleFate = (outcome: Outcome | undefined): Promise<void> | undefined =>
    outcome === undefined ? undefined : settle(outcome)
  for await (const rows of source) {
    for (const row of rows) {
      if (signal.aborted) return lanes.idle()
      const prepared = prepare(row)
      lanes.add(prepared.customerId || `row ${prepared.row}`, () =>
        isOutcome(prepared) ? settle(prepared) : deliver(prepared, signal).then(settleFate),
      )
      if (lanes.full) await lanes.room()
    }
  }
  await lanes.idle()
}
