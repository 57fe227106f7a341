import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { readMany, type ReadManyParts } from '../../../src/engine/read-many.ts'
import type { CustomerReading } from '../../../src/http/ports.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { toSnapshot } from '../../../src/rapyd/snapshot.ts'
import { openReadings } from '../../../src/store/readings.ts'

const id = (number: number) => `cus_${String(number).padStart(8, '0')}`
const ids = (count: number, first = 1) => Array.from({ length: count }, (_, index) => id(first + index))
const customerOf = (customerId: string): JsonObject => ({
  id: customerId,
  name: `N ${customerId}`,
  email: '',
})

const stale = (customerId: string) => ({ ...customerOf(customerId), name: 'old' })

/** Whole is only the customer that is looked at again. */
const partly = (customerId: string) =>
  customerId === id(2) ? customerOf(customerId) : { id: customerId, name: 'other' }

/** Customers from a place on hold a tier, one in `step`. */
const tierFrom = (first: number, step: number) => (customerId: string) => {
  const place = Number(customerId.slice(4))
  return {
    ...customerOf(customerId),
    metadata: place >= first && place % step === 0 ? { tier: 'gold' } : {},
  }
}
const withMail = (customerId: string) => ({ ...tierFrom(1, 25)(customerId), email: 'a@example.com' })

interface World {
  /** Customers of the account, in the order of creation. */
  readonly all: readonly string[]
  /** Pages go by creation, or, as other APIs have it, newest first. */
  readonly newestFirst?: boolean
  /** What a customer holds, and what the list shows of it. */
  readonly held?: (customerId: string) => JsonObject
  readonly listed?: (customerId: string) => JsonObject
}

/** Reads the customers of a file of this account, and says what that took. */
async function readAll(
  file: readonly string[],
  { all, newestFirst = false, held = customerOf, listed = held }: World,
) {
  const order = newestFirst ? all.toReversed() : all
  const places = new Map(order.map((customerId, place) => [customerId, place]))
  using readings = openReadings('', 0)
  readings.want(file)
  const counts = { single: 0, pages: 0 }
  const parts: ReadManyParts = {
    readings,
    toSnapshot: (customer) => toSnapshot(customer, ['name', 'email', 'metadata']),
    read: (customerId) =>
      Promise.resolve(
        places.has(customerId)
          ? { kind: 'found', customer: held(customerId) }
          : { kind: 'missing', code: 'E_CUSTOMER_NOT_FOUND', status: 400 },
      ),
    page({ side, customerId }) {
      const place = places.get(customerId)
      if (place === undefined) return Promise.resolve(undefined)
      const [from, to] =
        side === 'starting_after' ? [place + 1, place + 101] : [Math.max(0, place - 100), place]
      return Promise.resolve(order.slice(from, to).map(listed))
    },
    concurrency: 4,
  }
  await readMany(parts, counts, new AbortController().signal)
  expect(readings.open).toBe(0)
  const kept = new Map(file.map((customerId) => [customerId, readings.known(customerId)]))
  return { kept, ...counts, calls: counts.single + counts.pages }
}

/** The same order every time, and no order at all. */
const shuffled = (list: readonly string[]) =>
  list
    .map((item, index) => ({ item, key: Math.imul(index + 1, 0x9e37_79b1) >>> 0 }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ item }) => item)

describe('reading many customers', () => {
  const all = ids(20_000)
  const file = ids(10_000, 5_001)

  it.each([
    ['in the order of creation', file, false],
    ['newest first', file.toReversed(), false],
    ['in no order', shuffled(file), false],
    ['in the order of creation, from a list that shows the newest first', file, true],
    ['in no order, from a list that shows the newest first', shuffled(file), true],
  ])('takes few calls for 10,000 that were created one after another, %s', async (_, order, newestFirst) => {
    const { calls, kept } = await readAll(order, { all, newestFirst })
    expect(calls).toBeLessThan(300)
    for (const customerId of file)
      expect(kept.get(customerId)).toEqual({ name: `N ${customerId}`, email: '' })
  })

  it('takes hardly more calls than customers where they are far apart', async () => {
    const scattered = Array.from({ length: 100 }, (_, index) => id(1 + index * 199))
    const { calls, single } = await readAll(scattered, { all })
    expect(single).toBe(100)
    expect(calls).toBeLessThanOrEqual(110)
  })

  it('tries no page for a few customers', async () => {
    expect(await readAll(ids(5), { all })).toMatchObject({ single: 5, pages: 0 })
  })

  it('takes nothing from a list whose items are not what the customers are', async () => {
    const { kept } = await readAll(ids(50), { all, listed: stale })
    for (const customerId of ids(50)) expect(kept.get(customerId)).toMatchObject({ name: `N ${customerId}` })
  })

  it('takes nothing from items that lack a field', async () => {
    const { single, kept } = await readAll(ids(50), { all, listed: partly })
    expect(single).toBe(50)
    for (const customerId of ids(50)) expect(kept.get(customerId)).toMatchObject({ name: `N ${customerId}` })
  })

  it.each([
    ['all but the first', tierFrom(2, 1)],
    ['a few', tierFrom(1, 25)],
    ['those that come late', tierFrom(800, 1)],
  ])('takes no blank of a list that never shows metadata, where %s hold some', async (_, held) => {
    const listed = (customerId: string) => ({ ...held(customerId), metadata: {} })
    const { kept } = await readAll(ids(1_000), { all, held, listed })
    for (const customerId of ids(1_000))
      expect(kept.get(customerId)).toMatchObject({ metadata: held(customerId).metadata })
  })

  it('asks no more of a list in which somebody shows what they hold', async () => {
    const { calls } = await readAll(ids(1_000), { all, held: withMail })
    expect(calls).toBeLessThan(70)
  })

  it('reads one by one where there is no list', async () => {
    const { single, kept } = await readAll(['cus_none', ...ids(30)], { all })
    expect(single).toBe(31)
    expect(kept.get('cus_none')).toBe('missing')
  })
})

it('keeps nothing of the customers that were read while one of them is slow', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: unknown = runInNewContext('gc')
  if (typeof collectGarbage !== 'function') throw new Error('this Node cannot collect garbage on demand')
  using readings = openReadings('', 0)
  readings.want(ids(200))
  const seen: WeakRef<JsonObject>[] = []
  const { promise: slow, resolve: answer } = Promise.withResolvers<CustomerReading>()
  const parts: ReadManyParts = {
    readings,
    toSnapshot(customer) {
      const snapshot = { ...customer }
      seen.push(new WeakRef(snapshot))
      return snapshot
    },
    read: (customerId) =>
      customerId === id(3) ? slow : Promise.resolve({ kind: 'found', customer: customerOf(customerId) }),
    page: () => Promise.resolve(undefined),
    concurrency: 4,
  }
  const whole = readMany(parts, { single: 0, pages: 0 }, new AbortController().signal)
  while (readings.open > 1) await setImmediate()
  await setImmediate()
  collectGarbage()
  expect(seen.filter((each) => each.deref() !== undefined).length).toBeLessThan(10)
  expect(seen).toHaveLength(199)
  answer({ kind: 'unreadable', code: 'E_METADATA_UNREAD', status: 500 })
  await whole
})
