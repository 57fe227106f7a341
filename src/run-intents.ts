/**
 * Intents made for a whole batch of rows before the first of them is sent: one commit instead of many. Rows that were not
 * taken up when the run ends are not in doubt, so their intents are taken back.
 */
import type { UpdateRequest } from './domain/request.ts'
import type { Journal } from './pipeline/ports.ts'

export interface IntentsAhead {
  /** Durable when it returns. */
  readonly make: (requests: readonly UpdateRequest[]) => void
  /** From here on only its outcome ends a row's doubt. */
  readonly taken: (request: UpdateRequest) => void
  /** Takes back what was not taken up. A disk that refuses leaves rows in doubt, and never rejects. */
  readonly takeBack: () => Promise<void>
}

export function createIntentsAhead(journal: Journal): IntentsAhead {
  const waiting = new Map<number, UpdateRequest>()
  return {
    make(requests) {
      journal.intendAll(requests)
      for (const request of requests) waiting.set(request.row, request)
    },
    taken: ({ row }) => void waiting.delete(row),
    async takeBack() {
      await Promise.allSettled([...waiting.values()].map((request) => journal.withdraw(request)))
      waiting.clear()
    },
  }
}
