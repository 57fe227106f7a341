import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { UpdateRequest, CsvRow, Outcome } from '../../../src/model/row.ts'
import { createKeyedQueue } from '../../../src/engine/keyed-queue.ts'
import type { Send } from '../../../src/model/ports.ts'
import { drain } from '../../../src/engine/drain.ts'
import { outcomeOf } from '../report/outcome.ts'
import { updateOf } from '../../support/rig.ts'

/** Customers by row; `bad` is a row that is invalid, with or without its customer. */
interface Options {
  readonly customers: readonly string[]
  readonly deliver: Send
  readonly settle?: (outcome: Outcome) => Promise<void>
  readonly window?: number
  readonly signal?: AbortSignal
  readonly onRead?: (row: number) => void
}

async function run({ customers, deliver, settle, window = 100, signal, onRead }: Options): Promise<string[]> {
  const settled: string[] = []
  async function* source(): AsyncGenerator<CsvRow[]> {
    for (const [index, customer] of customers.entries()) {
      onRead?.(index + 1)
      yield await Promise.resolve([
        { kind: 'csv', row: index + 1, line: index + 2, offset: 0, length: 0, cells: [customer] },
      ])
    }
  }
  await drain({
    source: source(),
    prepare: (row): UpdateRequest | Outcome => {
      const customerId = row.kind === 'csv' ? (row.cells[0] ?? '') : ''
      const place = { row: row.row, line: row.line, customerId }
      return customerId === '' || customerId.endsWith('!')
        ? outcomeOf({ ...place, outcome: 'invalid' })
        : { ...updateOf({}), ...place }
    },
    send: deliver,
    queues: createKeyedQueue(() => window),
    settle:
      settle ??
      ((outcome) => {
        settled.push(`${outcome.row} ${outcome.outcome}`)
        return Promise.resolve()
      }),
    signal: signal ?? new AbortController().signal,
  })
  return settled
}

const fail = () => Promise.reject(new Error('disk'))
const confirm: Send = ({ row, customerId }) => Promise.resolve(outcomeOf({ row, customerId }))

describe('the loop', () => {
  it('gives every row one outcome, and delivers only what can be sent', async () => {
    const delivered: number[] = []
    const settled = await run({
      customers: ['a', 'b!', '', 'a', 'c'],
      deliver(request, signal) {
        delivered.push(request.row)
        return confirm(request, signal)
      },
    })
    expect(settled.toSorted()).toEqual(['1 updated', '2 invalid', '3 invalid', '4 updated', '5 updated'])
    expect(delivered).toEqual([1, 4, 5])
  })

  it('keeps the order of one customer and lets others overtake', async () => {
    const settled = await run({
      customers: ['a', 'a', 'b'],
      async deliver(request, signal) {
        if (request.row === 1) await setImmediate()
        return confirm(request, signal)
      },
    })
    expect(settled).toEqual(['3 updated', '1 updated', '2 updated'])
  })

  it('reads no further than the lanes have room', async () => {
    const read: number[] = []
    const gate = Promise.withResolvers<void>()
    const running = run({
      customers: Array.from({ length: 50 }, (_, index) => `customer-${index}`),
      window: 5,
      onRead: (row) => read.push(row),
      async deliver(request, signal) {
        await gate.promise
        return confirm(request, signal)
      },
    })
    await setImmediate()
    expect(read).toEqual([1, 2, 3, 4, 5])
    gate.resolve()
    expect(await running).toHaveLength(50)
  })

  it('takes no more rows after a stop, and lets what runs settle', async () => {
    const stop = new AbortController()
    const settled = await run({
      customers: ['a', 'b', 'c', 'd'],
      signal: stop.signal,
      async deliver(request, signal) {
        if (request.row === 2) stop.abort()
        await setImmediate()
        return confirm(request, signal)
      },
    })
    expect(settled).toEqual(['1 updated', '2 updated'])
  })

  it('settles nothing for a row that was not taken up', async () => {
    const settled = await run({
      customers: ['a', 'b'],
      deliver: (request, signal) =>
        request.row === 1 ? Promise.resolve(undefined) : confirm(request, signal),
    })
    expect(settled).toEqual(['2 updated'])
  })

  it.each(['deliver', 'settle'])('ends with the error of %s', async (where) => {
    const running = run({
      customers: ['a', 'b', 'c'],
      deliver: where === 'deliver' ? fail : confirm,
      ...(where === 'settle' ? { settle: fail } : {}),
    })
    await expect(running).rejects.toThrow('disk')
  })
})
