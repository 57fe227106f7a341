/** The last reading of each customer: all that read for one row share it, and the answer to a row serves the next row. */
import { longestReadingMs, type CustomerReading, type ReadCustomer } from '../http/ports.ts'
import type { JsonObject } from '../model/json.ts'
import type { Clock } from '../model/ports.ts'

export type SharedRead = ReturnType<typeof createSharedRead>

/** A larger reading, as JSON, is not kept: readings of any size would fill the memory. */
const largestKept = 16 * 1024
/** Only customers that several rows read soon after each other are found again, so few are enough. */
const mostKept = 1_000

export function createSharedRead(read: ReadCustomer, clock: Pick<Clock, 'now'>) {
  /** With the clock's times. */
  const kept = new Map<string, { reading: CustomerReading; isAnswer: boolean; at: number }>()

  function keep(customerId: string, reading: CustomerReading, isAnswer: boolean) {
    const found = { reading, isAnswer, at: clock.now() }
    if (kept.size >= mostKept) kept.clear()
    if (JSON.stringify(reading).length <= largestKept) kept.set(customerId, found)
    else kept.delete(customerId)
    return found
  }

  return {
    /** Rejects as `ReadCustomer`. `takesAnswer`: the answer to an update will do, which may show less than a read. */
    async read(customerId: string, signal: AbortSignal, takesAnswer = false) {
      const found = kept.get(customerId)
      const isRecent = found !== undefined && clock.now() - found.at <= longestReadingMs
      if (isRecent && (takesAnswer || !found.isAnswer)) return found
      return keep(customerId, await read(customerId, signal), false)
    },
    /** Keeps the customer of an answer. */
    note: (customerId: string, customer: JsonObject): void =>
      void keep(customerId, { kind: 'found', customer }, true),
    /** Call before something is sent to the customer: what was read says nothing about it any more. */
    forget: (customerId: string): void => void kept.delete(customerId),
  }
}
