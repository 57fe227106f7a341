/** The product's one loop: rows become requests, requests run in their customer's lane, and every row gets an outcome. */
import { isOutcome } from '../model/outcome.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Send, KeyedQueue, Prepare, Source } from '../model/ports.ts'

export interface Pipeline {
  readonly source: Source
  readonly prepare: Prepare
  readonly deliver: Send
  readonly lanes: KeyedQueue
  /** Writes an outcome down; resolves when it is durable. */
  readonly settle: (outcome: Outcome) => Promise<void>
  /** Aborted: no more rows are taken, what runs may end. */
  readonly signal: AbortSignal
}

export async function send({ source, prepare, deliver, lanes, settle, signal }: Pipeline): Promise<void> {
  // A row that was not taken up before a stop stays open and has no outcome yet.
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
