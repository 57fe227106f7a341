/** The contract of a store: the rows of a run. */
import { describe, expect, it } from 'vitest'
import { customerId, rowOutcome } from '../../support/stored-run.ts'
import { collected } from '../../support/collected.ts'
import { createStoreRig, intend, outcomesOf, requestOf, settle, type StoreKind } from './rig.ts'
import { toPieces } from './runs.ts'

const write = (row: number, customer: string, body: string) => ({ row, customerId: customer, body })

/** A request whose body was made of a reading. */
const made = (body: string) => ({
  ...requestOf(1),
  body,
  idempotencyKey: `key of ${body}`,
  reading: { patch: '{}', at: 0 },
})

export function rowContract(name: string, kind: StoreKind): void {
  describe(`rows of a run (${name})`, () => {
    const { open, openRun, reopen, close, find } = createStoreRig(kind)

    it('outcomes come back in row order after the run was opened again', async () => {
      const run = await openRun(await open(), 'a')
      await Promise.all([3, 1, 2].map((row) => settle(run, row)))
      expect(await outcomesOf(run)).toEqual([1, 2, 3].map((row) => rowOutcome(row)))
      const next = await reopen(run)
      expect(await outcomesOf(next)).toEqual([1, 2, 3].map((row) => rowOutcome(row)))
      expect([1, 2, 3, 4].map((row) => next.settledRows.has(row))).toEqual([true, true, true, false])
      expect([...(await next.counts())]).toEqual([['updated', 3]])
    })

    it('many outcomes come back in pages, none left out, whatever they hold', async () => {
      const run = await openRun(await open(), 'a', {}, { group: 256 })
      const odd = { errorField: 'a"b,]', message: 'line\nbreak \u0001 and \u{1F642}', retries: "it's;500" }
      const outcomes = Array.from({ length: 1_234 }, (_, index) =>
        rowOutcome(index + 1, { ...odd, latencyMs: index / 7 }),
      )
      await Promise.all(outcomes.map((outcome) => run.recordOutcome(outcome)))
      const next = await reopen(run)
      expect(await outcomesOf(next)).toEqual(outcomes)
      expect(next.settledRows.size).toBe(1_234)
    })

    it.each([undefined, 0, 7])('an outcome says which row it was merged into: %j', async (mergedInto) => {
      const run = await openRun(await open(), 'a')
      const { mergedInto: _, ...outcome } = rowOutcome(1)
      const merged = mergedInto === undefined ? outcome : { ...outcome, mergedInto }
      await run.recordOutcome(merged)
      expect(await outcomesOf(run)).toEqual([merged])
    })

    it('outcomes are read by another process as soon as they are recorded', async () => {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'a', {}, { group: 1 })
      for (let row = 1; row <= 20; row++) {
        await settle(run, row)
        const reader = await find(another, 'a')
        expect([(await reader.counts()).get('updated'), reader.stored.settled]).toEqual([row, row])
      }
    })

    it('rows with an intent and without an outcome are in doubt after the run was opened again', async () => {
      const run = await openRun(await open(), 'a')
      const before = Date.now()
      await Promise.all([intend(run, 1, 'name'), intend(run, 2, 'name', 'email'), intend(run, 3, 'coupon')])
      expect(run.inDoubt.size).toBe(0)
      expect([1, 2, 3, 4].map((row) => run.isInDoubt(row))).toEqual([true, true, true, false])
      await settle(run, 1)
      const after = Date.now()
      const next = await reopen(run)
      expect([...next.inDoubt.keys()]).toEqual([2, 3])
      expect([1, 2, 3, 4].map((row) => next.isInDoubt(row))).toEqual([false, true, true, false])
      expect([1, 2, 3, 4].map((row) => next.intendedFields(row))).toEqual([
        undefined,
        ['name', 'email'],
        ['coupon'],
        undefined,
      ])
      for (const at of next.inDoubt.values()) {
        expect(at).toBeGreaterThanOrEqual(before)
        expect(at).toBeLessThanOrEqual(after)
      }
    })

    it('an outcome ends the intent of its row, also if an earlier session recorded it', async () => {
      const run = await openRun(await open(), 'a')
      await intend(run, 1, 'name')
      const next = await reopen(run)
      await settle(next, 1)
      expect(next.isInDoubt(1)).toBe(false)
      expect((await reopen(next)).inDoubt.size).toBe(0)
    })

    it('cancelled intents are not in doubt, and can be recorded again', async () => {
      const run = await openRun(await open(), 'a')
      await Promise.all([1, 2, 3].map((row) => intend(run, row, 'name')))
      await run.cancelIntents([1, 2, 9])
      expect([1, 2, 3].map((row) => run.isInDoubt(row))).toEqual([false, false, true])
      await intend(run, 2, 'email')
      const next = await reopen(run)
      expect([...next.inDoubt.keys()]).toEqual([2, 3])
      expect(next.intendedFields(2)).toEqual(['email'])
    })

    it('cancelling waits for the group that the intent is in', async () => {
      const run = await openRun(await open(), 'a')
      const recorded = intend(run, 1, 'name')
      await run.cancelIntents([1])
      await recorded
      expect((await reopen(run)).inDoubt.size).toBe(0)
    })

    it('the intent of an earlier session is not cancelled: its request may have been applied', async () => {
      const run = await openRun(await open(), 'a')
      await intend(run, 1, 'name')
      const next = await reopen(run)
      await next.cancelIntents([1])
      expect(next.isInDoubt(1)).toBe(true)
      expect([...(await reopen(next)).inDoubt.keys()]).toEqual([1])
    })

    it('a row has one intent in a session: the second time there is nothing to wait for', async () => {
      const run = await openRun(await open(), 'a')
      const first = run.recordIntent(requestOf(1), 0)
      expect([first, run.recordIntent(requestOf(1), 0)]).toEqual([expect.any(Promise), undefined])
      await first
      const next = await reopen(run)
      await next.recordIntent(requestOf(1, ['email']), 0)
      expect((await reopen(next)).intendedFields(1)).toEqual(['email'])
    })

    it('the second operation of a row has an intent of its own, also in the session of the first', async () => {
      const run = await openRun(await open(), 'a')
      const removal = { ...requestOf(1, ['coupon']), operation: 'delete_discount' } as const
      await run.recordIntent(removal, 0)
      await run.recordOutcome(rowOutcome(1, { operation: 'delete_discount', outcome: 'not_attempted' }))
      expect([run.isInDoubt(1), run.outcomeSoFar(1)?.operation]).toEqual([false, 'delete_discount'])
      const second = run.recordIntent(requestOf(1, ['name']), 0)
      expect([second, run.isInDoubt(1)]).toEqual([expect.any(Promise), true])
      await second
      const next = await reopen(run)
      expect([next.intendedOperation(1), next.intendedFields(1)]).toEqual(['update_customer', ['name']])
    })

    it('a row of which a part is done is open, and its last outcome replaces the one so far', async () => {
      const partial = { operation: 'delete_discount', outcome: 'not_attempted', notTaken: 'name' } as const
      const [soFar, last] = [rowOutcome(1, partial), rowOutcome(1, { attempts: 2 })]
      const run = await openRun(await open(), 'a')
      const removal = { ...requestOf(1, ['coupon']), operation: 'delete_discount' } as const
      await run.recordIntent(removal, 0)
      const next = await reopen(run)
      expect(next.intendedOperation(1)).toBe('delete_discount')
      await next.recordOutcome(soFar)
      expect([next.isInDoubt(1), next.settledRows.has(1), next.outcomeSoFar(1)]).toEqual([
        false,
        false,
        soFar,
      ])
      await next.recordIntent(requestOf(1, ['name']), 0)
      await settle(next, 2)
      const third = await reopen(next)
      expect([third.isInDoubt(1), third.intendedOperation(1), third.outcomeSoFar(1)]).toEqual([
        true,
        'update_customer',
        soFar,
      ])
      expect([third.stored.settled, third.settledRows.has(1), third.earlier.settled.size]).toEqual([
        1,
        false,
        1,
      ])
      expect([...(await third.counts())]).toEqual([['updated', 1]])
      expect((await third.progress()).settledRows.has(1)).toBe(false)
      expect(await outcomesOf(third)).toEqual([soFar, rowOutcome(2)])
      await third.recordOutcome(last)
      const fourth = await reopen(third)
      expect(await outcomesOf(fourth)).toEqual([last, rowOutcome(2)])
      expect([fourth.settledRows.size, fourth.inDoubt.size, fourth.outcomeSoFar(1)]).toEqual([
        2,
        0,
        undefined,
      ])
    })

    it('a body that was made of a reading is kept with its intent, and another one takes its place', async () => {
      const run = await openRun(await open(), 'a')
      await run.recordIntent(made('one'), 0)
      expect(run.recordIntent(made('one'), 0)).toBeUndefined()
      await run.recordIntent(made('two'), 0)
      await intend(run, 2, 'name')
      const next = await reopen(run)
      expect(next.intendedBody(1)).toEqual({ body: 'two', idempotencyKey: 'key of two' })
      expect([next.intendedBody(2), next.intendedFields(1)]).toEqual([undefined, ['name']])
      await settle(next, 1)
      expect((await reopen(next)).intendedBody(1)).toBeUndefined()
    })

    it('another process reads which rows are settled and which are in doubt', async () => {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'a')
      await Promise.all([1, 2, 3].map((row) => intend(run, row, 'name')))
      await settle(run, 2)
      const { settledRows, inDoubt } = await (await find(another, 'a')).progress()
      expect([settledRows.size, settledRows.has(2), [...inDoubt.keys()]]).toEqual([1, true, [1, 3]])
    })

    it('a resumed run knows what earlier sessions have counted', async () => {
      const run = await openRun(await open(), 'a')
      await Promise.all([
        settle(run, 1),
        settle(run, 2, {}, { outcome: 'rejected', errorCode: 'E_API', customerId: 'cus_2' }),
        settle(run, 3, {}, { outcome: 'invalid', errorCode: 'E_EMAIL', customerId: 'cus_3' }),
        settle(run, 4, {}, { outcome: 'invalid', errorCode: 'E_EMAIL', customerId: 'cus_4' }),
        settle(run, 5, {}, { outcome: 'unknown', errorCode: 'E_NETWORK', customerId: 'cus_5' }),
        settle(run, 6, {}, { outcome: 'failed', errorCode: 'E_NETWORK', customerId: 'cus_6' }),
      ])
      const { earlier } = await reopen(run)
      expect(Object.fromEntries(earlier.settled)).toEqual({
        updated: 1,
        rejected: 1,
        invalid: 2,
        unknown: 1,
        failed: 1,
      })
      expect(Object.fromEntries(earlier.errors)).toEqual({ E_API: 1, E_EMAIL: 2, E_NETWORK: 2 })
      expect([...earlier.closedCustomers].toSorted()).toEqual(['cus_5', 'cus_6'])
    })

    it('a resumed run begins again after the last row before the first one that is open', async () => {
      const run = await openRun(await open(), 'a')
      expect(await run.lastOfSettled()).toBeUndefined()
      await Promise.all([2, 4].map((row) => settle(run, row)))
      expect(await run.lastOfSettled()).toBeUndefined()
      await settle(run, 1)
      expect(await run.lastOfSettled()).toMatchObject({ row: 2, line: 3, offset: 20, length: 9 })
    })

    it('before-images come in the order of the customers first rows, and are never replaced', async () => {
      const run = await openRun(await open(), 'a')
      expect([await run.hasBeforeImages(), await run.hasBeforeImage('cus_z')]).toEqual([false, false])
      await run.saveBeforeImage(write(1, 'cus_z', '{"name":"1"}'), { name: 'old', metadata: { a: 1 } })
      await run.saveBeforeImage(write(2, 'cus_a', '{"name":"2"}'), undefined)
      await run.saveBeforeImage(write(3, 'cus_z', '{"name":"3"}'), { name: 'newer' })
      await run.saveBeforeImage(write(4, 'cus_a', '{"name":"4"}'), { name: 'appeared' })
      const next = await reopen(run)
      expect([
        await next.hasBeforeImages(),
        await next.hasBeforeImage('cus_z'),
        await next.hasBeforeImage('cus_b'),
      ]).toEqual([true, true, false])
      // A row that is sent again writes what it sends now.
      await next.saveBeforeImage(write(3, 'cus_z', '{"email":"3"}'), undefined)
      expect(await collected(next.beforeImages())).toEqual([
        {
          customerId: 'cus_z',
          image: { name: 'old', metadata: { a: 1 } },
          writes: [
            { row: 1, patch: { name: '1' } },
            { row: 3, patch: { email: '3' } },
          ],
        },
        {
          customerId: 'cus_a',
          image: undefined,
          writes: [
            { row: 2, patch: { name: '2' } },
            { row: 4, patch: { name: '4' } },
          ],
        },
      ])
    })

    it('many before-images come in pages, none left out', async () => {
      const run = await openRun(await open(), 'a', {}, { group: 256 })
      const customers = Array.from({ length: 1_100 }, (_, index) => `cus_${(index * 7_919) % 1_100}`)
      await Promise.all(
        customers.map((customer, index) =>
          run.saveBeforeImage({ row: index + 1, customerId: customer, body: '{}' }, { index }),
        ),
      )
      const images = await collected(run.beforeImages())
      expect(images.map((image) => image.customerId)).toEqual(customers)
    })

    it('kept input comes back byte for byte, however it came, until it is removed', async () => {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'a')
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31) % 256))
      const pieces = Array.from({ length: 10 }, (_, at) => bytes.subarray(at * 10_000, (at + 1) * 10_000))
      await run.keepInput(toPieces([Buffer.from('from an earlier session')]))
      await run.keepInput(toPieces(pieces))
      const kept = async () => Buffer.concat(await collected((await find(another, 'a')).keptInput()))
      expect((await kept()).equals(bytes)).toBe(true)
      await run.removeInput()
      expect((await kept()).length).toBe(0)
    })

    it('runs do not see the rows of each other', async () => {
      const store = await open()
      const [one, two] = [await openRun(store, 'a'), await openRun(store, 'b')]
      await Promise.all([intend(one, 1, 'name'), settle(two, 2)])
      await two.saveBeforeImage({ row: 2, customerId, body: '{}' }, {})
      expect(await one.hasBeforeImage(customerId)).toBe(false)
      const next = await reopen(one)
      expect([[...next.inDoubt.keys()], next.settledRows.size]).toEqual([[1], 0])
      await close(two)
    })
  })
}
