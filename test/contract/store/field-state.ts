/** The contract of a store: what it knows of customers, and of exports. */
import { describe, expect, it } from 'vitest'
import { longestAttemptMs, type KnownFields, type Run, type Store } from '../../../src/model/store.ts'
import { accountId, customerId } from '../../support/stored-run.ts'
import { collected } from '../../support/collected.ts'
import { createStoreRig, intend, other, requestOf, settle, type StoreKind } from './rig.ts'

const otherKey = { ...accountId, keyCheck: 'key two' }

async function known(store: Store, customer = customerId): Promise<KnownFields> {
  const [found] = await store.fieldState(accountId).get([customer])
  if (found === undefined) throw new Error('no answer')
  return found
}

/** What is known of the name, as one word: its digest, `unknown`, or `nothing`. */
async function nameIn(store: Store): Promise<string> {
  const found = await known(store)
  return found.digests['name'] ?? (found.isUnknown('name') ? 'unknown' : 'nothing')
}

/** Sends a row: its intent and its outcome. */
async function send(run: Run, row: number, digest: string): Promise<void> {
  await intend(run, row, 'name')
  await settle(run, row, { confirmed: { name: digest } })
}

/** For how many milliseconds the run has to wait for what others have sent. */
async function leftFor(run: Run): Promise<number> {
  return (await run.arrivesUntil(customerId, 1)) - Date.now()
}

export function fieldStateContract(kindName: string, kind: StoreKind): void {
  describe(`field state (${kindName})`, () => {
    const { open, openRun, reopen, close, endLease } = createStoreRig(kind)

    /** Runs of two processes, and the name as it was confirmed before. */
    async function beginTwo() {
      const [store, another] = [await open(), await open()]
      const [one, two] = [await openRun(store, 'one'), await openRun(another, 'two')]
      await send(one, 1, 'old')
      return { store, one, two }
    }

    /** A resumed run with row 1 in doubt, which sets the name and the e-mail address; and a run of another process. */
    async function beginInDoubt() {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'doubtful')
      await intend(run, 1, 'name', 'email')
      const between = await openRun(another, 'other')
      return { store, doubtful: await reopen(run), between }
    }

    it('holds what outcomes confirm, field by field, for every run of the account and for no other account', async () => {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'a')
      await intend(run, 1, 'name', 'email', 'coupon')
      await settle(run, 1, { confirmed: { name: 'n1', email: 'e1' } })
      await intend(run, 2, 'email')
      await settle(run, 2, { confirmed: { email: 'e2' } })
      expect((await known(another)).digests).toEqual({ name: 'n1', email: 'e2' })
      expect((await known(another, 'cus_2')).digests).toEqual({})
      const [elsewhere] = await another.fieldState(other).get([customerId])
      expect(elsewhere?.digests).toEqual({})
    })

    it('answers for many customers at a time, in their order', async () => {
      const store = await open()
      const state = store.fieldState(accountId)
      await state.confirm([
        { customerId: 'cus_1', digests: { name: 'n1' } },
        { customerId: 'cus_2', digests: { name: 'n2' } },
      ])
      const found = await state.get(['cus_2', 'cus_3', 'cus_1'])
      expect(found.map(({ digests }) => digests)).toEqual([{ name: 'n2' }, {}, { name: 'n1' }])
    })

    it('is not kept by a run without an account, such as one at the embedded simulator', async () => {
      const store = await open()
      const run = await openRun(store, 'a', {}, { fieldsOf: undefined })
      await run.begin()
      await intend(run, 1, 'name')
      expect(await nameIn(store)).toBe('nothing')
      await settle(run, 1, { confirmed: { name: 'n1' } })
      expect([await nameIn(store), await run.isOvertaken(1)]).toEqual(['nothing', false])
      const state = store.fieldState(accountId)
      expect([await state.exists(), await state.lastSender()]).toEqual([false, ''])
    })

    describe('an open intent', () => {
      it('makes its fields unknown for every run of the account, and no other field', async () => {
        const [store, another] = [await open(), await open()]
        const run = await openRun(store, 'a')
        await intend(run, 1, 'name', 'email')
        await settle(run, 1, { confirmed: { name: 'n1', email: 'e1' } })
        await intend(run, 2, 'name', 'coupon')
        const found = await known(another)
        expect(found.digests).toEqual({ email: 'e1' })
        expect(['name', 'coupon', 'email', 'phone_number'].map((field) => found.isUnknown(field))).toEqual([
          true,
          true,
          false,
          false,
        ])
      })

      it('that is cancelled brings the old state back', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await send(run, 1, 'n1')
        await intend(run, 2, 'name')
        expect(await nameIn(store)).toBe('unknown')
        await run.cancelIntents([2])
        expect(await nameIn(store)).toBe('n1')
      })

      it('whose row was refused brings the old state back', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await send(run, 1, 'n1')
        await intend(run, 2, 'name')
        await settle(run, 2, {}, { outcome: 'rejected' })
        expect(await nameIn(store)).toBe('n1')
      })

      it('that an earlier session left makes its fields unknown until its row has an outcome', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await send(run, 1, 'n1')
        await intend(run, 2, 'name')
        const next = await reopen(run)
        expect(await nameIn(store)).toBe('unknown')
        await settle(next, 2, { confirmed: { name: 'n2' } })
        expect(await nameIn(store)).toBe('n2')
      })

      it('of a run that is deleted leaves its fields unknown: its request may have been applied', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await send(run, 1, 'n1')
        await intend(run, 2, 'name')
        await close(run)
        await store.deleteRun('a', () => Promise.resolve(true))
        expect(await nameIn(store)).toBe('unknown')
      })
    })

    describe('an outcome', () => {
      it('that says nothing of its fields is not known leaves them unknown', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await send(run, 1, 'n1')
        await intend(run, 2, 'name', 'email')
        await settle(run, 2, { confirmed: { email: 'e2' }, unknown: ['name'] }, { outcome: 'unknown' })
        const found = await known(store)
        expect(found.digests).toEqual({ email: 'e2' })
        expect([found.isUnknown('name'), found.isUnknown('email')]).toEqual([true, false])
      })

      it('confirms a field that was unknown, once nothing that was sent before can be applied any more', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await run.recordIntent(requestOf(1), 0)
        await settle(run, 1, { unknown: ['name'] }, { outcome: 'unknown' })
        await passMillisecond()
        await send(run, 2, 'n2')
        expect(await nameIn(store)).toBe('n2')
      })

      it('of a row that was settled early keeps later outcomes from confirming until its attempt is over', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        const until = Date.now() + 90_000
        await intend(run, 1, 'name')
        await settle(run, 1, { confirmed: { name: 'n1' }, until })
        expect(await nameIn(store)).toBe('n1')
        await send(run, 2, 'n1')
        expect(await nameIn(store)).toBe('n1')
        await intend(run, 3, 'name')
        await settle(run, 3, { confirmed: { name: 'n3' }, until })
        expect(await nameIn(store)).toBe('unknown')
      })

      it('without an intent of its row confirms what a reading has shown', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await settle(run, 1, { confirmed: { name: 'n1' } }, { outcome: 'unchanged' })
        expect(await nameIn(store)).toBe('n1')
      })
    })

    describe('two runs that change a field of a customer', () => {
      it('one after the other: the later one is known', async () => {
        const { store, one, two } = await beginTwo()
        await send(two, 2, 'n2')
        await send(one, 3, 'n3')
        expect(await nameIn(store)).toBe('n3')
      })

      it('at the same time: neither is known, whichever is answered first', async () => {
        for (const isFirst of [true, false]) {
          const { store, one, two } = await beginTwo()
          await intend(one, 2, 'name')
          await intend(two, 2, 'name')
          const [first, second] = isFirst ? [one, two] : [two, one]
          await settle(first, 2, { confirmed: { name: 'n2' } })
          expect(await nameIn(store)).toBe('unknown')
          await settle(second, 2, { confirmed: { name: 'n3' } })
          expect(await nameIn(store)).toBe('unknown')
          // Nothing of that can be applied any more.
          await passMillisecond()
          await send(one, 3, 'n4')
          expect(await nameIn(store)).toBe('n4')
          await Promise.all([close(one), close(two)])
          await store.deleteRun('one', () => Promise.resolve(true))
          await store.deleteRun('two', () => Promise.resolve(true))
        }
      })

      it('and one that began and ended while the other was under way: the outer one is not known', async () => {
        const { store, one, two } = await beginTwo()
        await intend(one, 2, 'name')
        await send(two, 2, 'n2')
        await settle(one, 2, { confirmed: { name: 'n3' } })
        expect(await nameIn(store)).toBe('unknown')
      })

      it('but different ones: both are known', async () => {
        const { store, one, two } = await beginTwo()
        await intend(one, 2, 'name')
        await intend(two, 2, 'email')
        await settle(one, 2, { confirmed: { name: 'n2' } })
        await settle(two, 2, { confirmed: { email: 'e2' } })
        expect((await known(store)).digests).toEqual({ name: 'n2', email: 'e2' })
      })

      it('and one of them is cancelled: the other is known', async () => {
        const { store, one, two } = await beginTwo()
        await intend(one, 2, 'name')
        await intend(two, 2, 'name')
        await two.cancelIntents([2])
        await settle(one, 2, { confirmed: { name: 'n2' } })
        expect(await nameIn(store)).toBe('n2')
      })

      it('and one of them is refused: the other is known', async () => {
        const { store, one, two } = await beginTwo()
        await intend(one, 2, 'name')
        await intend(two, 2, 'name')
        await settle(two, 2, {}, { outcome: 'rejected' })
        await settle(one, 2, { confirmed: { name: 'n2' } })
        expect(await nameIn(store)).toBe('n2')
      })

      it('and one of them has no clear answer: the other is not known until its settle time is over', async () => {
        const { store, one, two } = await beginTwo()
        await intend(two, 2, 'name')
        await settle(two, 2, { unknown: ['name'] }, { outcome: 'unknown' })
        await send(one, 2, 'n2')
        expect(await nameIn(store)).toBe('unknown')
      })

      it('and one of them has no clear answer: what others learn meanwhile does not end its settle time', async () => {
        const { store, one, two } = await beginTwo()
        await intend(two, 2, 'name')
        await settle(two, 2, { unknown: ['name'] }, { outcome: 'unknown' })
        await intend(one, 2, 'name')
        await settle(one, 2, { unknown: ['name'] }, { outcome: 'invalid' })
        await send(one, 3, 'n3')
        expect(await nameIn(store)).toBe('unknown')
      })

      it('and one of them is in doubt: the other is not known', async () => {
        const { store, one, two } = await beginTwo()
        await intend(two, 2, 'name')
        await close(two)
        await send(one, 2, 'n2')
        expect(await nameIn(store)).toBe('unknown')
      })

      it('and what it writes was taken as applied meanwhile: it is known if that is the same', async () => {
        for (const [baseline, expected] of [
          ['n2', 'n2'],
          ['n9', 'unknown'],
        ] as const) {
          const { store, one, two } = await beginTwo()
          await close(two)
          await intend(one, 2, 'name')
          await store.fieldState(accountId).confirm([{ customerId, digests: { name: baseline } }])
          await settle(one, 2, { confirmed: { name: 'n2' } })
          expect(await nameIn(store)).toBe(expected)
          await close(one)
          await store.deleteRun('one', () => Promise.resolve(true))
        }
      })
    })

    describe('what was sent to a customer may be applied', () => {
      it('for the settle time from the end of a run that left it in doubt, also if that is held or deleted', async () => {
        const { store, one, two } = await beginTwo()
        expect(await leftFor(two)).toBeLessThanOrEqual(0)
        await intend(one, 2, 'name')
        const sent = Date.now()
        let before = sent
        // The end of the run is later than its intent, if only by the least that a clock shows.
        while (before === sent) before = Date.now()
        await close(one)
        const closed = Date.now()
        const expectWhole = async (): Promise<void> => {
          const until = await two.arrivesUntil(customerId, 1)
          expect(until).toBeGreaterThanOrEqual(before + 90_000)
          expect(until).toBeLessThanOrEqual(closed + 90_000)
        }
        await expectWhole()
        const release = await store.holdRun('one')
        await expectWhole()
        await release()
        await expectWhole()
        await store.deleteRun('one', () => Promise.resolve(true))
        await expectWhole()
      })

      it('for longer after a run that was killed: its last attempt may have begun and ended late', async () => {
        const { one, two } = await beginTwo()
        await intend(one, 2, 'name')
        await endLease('one')
        expect(await leftFor(two)).toBeGreaterThan(90_000 + longestAttemptMs)
      })

      it('by a living run: it is asked again soon', async () => {
        const { one, two } = await beginTwo()
        await intend(one, 2, 'name')
        const leftMs = await leftFor(two)
        expect(leftMs).toBeGreaterThan(0)
        expect(leftMs).toBeLessThanOrEqual(1_000)
        await one.cancelIntents([2])
        expect(await leftFor(two)).toBeLessThanOrEqual(0)
      })

      it('after its row was settled early, also once a file was taken as applied', async () => {
        const { store, one, two } = await beginTwo()
        const until = Date.now() + 60_000
        await intend(one, 2, 'name')
        await settle(one, 2, { confirmed: { name: 'n2' }, until })
        expect(await two.arrivesUntil(customerId, 1)).toBe(until)
        await store.fieldState(accountId).confirm([{ customerId, digests: { name: 'n3' } }])
        await store.fieldState(accountId).forget()
        expect(await two.arrivesUntil(customerId, 1)).toBe(until)
        expect(await two.arrivesUntil('cus_2', 1)).toBe(0)
      })

      it('by the row itself: that is not counted', async () => {
        const { doubtful } = await beginInDoubt()
        expect(await doubtful.arrivesUntil(customerId, 1)).toBe(0)
        expect(await doubtful.arrivesUntil(customerId, 2)).toBeGreaterThan(Date.now())
      })

      it('after all that was sent since a store that was put back', async () => {
        const { store, one, two } = await beginTwo()
        await close(one)
        await store.check(true)
        const leftMs = await leftFor(two)
        expect(leftMs).toBeGreaterThan(60_000)
        expect(leftMs).toBeLessThanOrEqual(90_000)
      })
    })

    describe('a row in doubt', () => {
      it('is not overtaken if nothing happened since', async () => {
        const { doubtful } = await beginInDoubt()
        expect(await doubtful.isOvertaken(1)).toBe(false)
      })

      it('is overtaken if another run has recorded an intent for one of its fields since', async () => {
        const { doubtful, between } = await beginInDoubt()
        await intend(between, 5, 'email', 'coupon')
        expect(await doubtful.isOvertaken(1)).toBe(true)
        await settle(between, 5, { unknown: ['email', 'coupon'] }, { outcome: 'unknown' })
        expect(await doubtful.isOvertaken(1)).toBe(true)
      })

      it('is overtaken as well if this session has recorded its intent', async () => {
        const { one, two } = await beginTwo()
        await intend(one, 2, 'name')
        expect(await one.isOvertaken(2)).toBe(false)
        await send(two, 2, 'n2')
        expect(await one.isOvertaken(2)).toBe(true)
      })

      it('is overtaken if another run has confirmed one of its fields since', async () => {
        const { doubtful, between } = await beginInDoubt()
        await send(between, 5, 'n5')
        expect(await doubtful.isOvertaken(1)).toBe(true)
      })

      it('is not overtaken by an intent for another field, or for another customer', async () => {
        const { doubtful, between } = await beginInDoubt()
        await intend(between, 5, 'coupon')
        await between.recordIntent({ ...requestOf(6), customerId: 'cus_2' }, 0)
        expect(await doubtful.isOvertaken(1)).toBe(false)
        await settle(between, 5, { confirmed: { coupon: 'c5' } })
        expect(await doubtful.isOvertaken(1)).toBe(false)
      })

      it('is not overtaken by an intent that was cancelled', async () => {
        const { doubtful, between } = await beginInDoubt()
        await intend(between, 5, 'name')
        await between.cancelIntents([5])
        expect(await doubtful.isOvertaken(1)).toBe(false)
      })

      it('is not overtaken by what another run had sent before', async () => {
        const store = await open()
        const earlier = await openRun(store, 'earlier')
        await send(earlier, 5, 'n5')
        await intend(earlier, 6, 'email')
        const run = await openRun(store, 'doubtful')
        await intend(run, 1, 'name', 'email')
        expect(await (await reopen(run)).isOvertaken(1)).toBe(false)
      })

      it('is not overtaken because its customer was forgotten', async () => {
        const store = await open()
        const run = await openRun(store, 'doubtful')
        await send(run, 1, 'n1')
        await intend(run, 2, 'coupon')
        await settle(run, 2, { unknown: ['coupon'] }, { outcome: 'unknown' })
        await intend(run, 3, 'name', 'coupon')
        const resumed = await reopen(run)
        await store.fieldState(accountId).forget()
        expect(await resumed.isOvertaken(3)).toBe(false)
      })

      it('has its answer from a process that took the run over, too', async () => {
        const [store, another] = [await open(), await open()]
        await intend(await openRun(store, 'doubtful'), 1, 'name')
        await endLease('doubtful')
        const resumed = await openRun(another, 'doubtful')
        expect(await resumed.isOvertaken(1)).toBe(false)
        await intend(await openRun(store, 'other'), 5, 'name')
        expect(await resumed.isOvertaken(1)).toBe(true)
      })
    })

    describe('forgetting', () => {
      it('one customer leaves the others, and counts those of whom something was known', async () => {
        const store = await open()
        const state = store.fieldState(accountId)
        const ids = Array.from({ length: 1_500 }, (_, at) => `cus_${at}`)
        await state.confirm(ids.map((id) => ({ customerId: id, digests: { name: 'n', email: 'e' } })))
        expect(await state.forget('cus_7')).toBe(1)
        expect([await state.forget('cus_7'), await state.forget('cus_x')]).toEqual([0, 0])
        expect((await known(store, 'cus_7')).digests).toEqual({})
        expect((await known(store, 'cus_8')).digests).toEqual({ name: 'n', email: 'e' })
        expect(await state.counts()).toMatchObject({ customers: 1_500, fields: 2_998 })
        expect(await state.forget()).toBe(1_499)
        expect(await state.counts()).toMatchObject({ fields: 0, lastConfirmedAt: 0 })
        expect(await store.fieldState(other).forget()).toBe(0)
      })

      it('makes no doubt of what was known', async () => {
        const store = await open()
        await send(await openRun(store, 'a'), 1, 'n1')
        await store.fieldState(accountId).forget(customerId)
        expect(await nameIn(store)).toBe('nothing')
      })

      it('leaves what is in doubt in doubt: of an outcome, and of an open intent', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await intend(run, 1, 'name', 'email')
        await settle(run, 1, { confirmed: { email: 'e1' }, unknown: ['name'] }, { outcome: 'unknown' })
        await intend(run, 2, 'email', 'coupon')
        await store.fieldState(accountId).forget()
        const found = await known(store)
        expect(['name', 'email', 'coupon'].map((field) => found.isUnknown(field))).toEqual([true, true, true])
        expect(found.digests).toEqual({})
      })

      it('is over when an outcome confirms the field again', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await send(run, 1, 'n1')
        await store.fieldState(accountId).forget()
        await send(run, 2, 'n1')
        expect(await nameIn(store)).toBe('n1')
      })
    })

    it('counts customers and fields, and says when the last of them was confirmed', async () => {
      const store = await open()
      const state = store.fieldState(accountId)
      expect(await state.counts()).toEqual({ customers: 0, fields: 0, lastConfirmedAt: 0 })
      const before = Date.now()
      const run = await openRun(store, 'a')
      await send(run, 1, 'n1')
      await intend(run, 2, 'email')
      await settle(run, 2, { unknown: ['email'] }, { outcome: 'unknown' })
      const { lastConfirmedAt, ...counts } = await state.counts()
      expect(counts).toEqual({ customers: 1, fields: 1 })
      expect(lastConfirmedAt).toBeGreaterThanOrEqual(before)
      expect([await state.exists(), await store.fieldState(other).exists()]).toEqual([true, false])
    })

    describe('another secret key', () => {
      it('is refused, and a run with it confirms nothing', async () => {
        const store = await open()
        await send(await openRun(store, 'a'), 1, 'n1')
        const run = await openRun(store, 'b', {}, { fieldsOf: otherKey })
        await expect(store.fieldState(otherKey).refuseUnusable()).rejects.toMatchObject({
          kind: 'USAGE',
          code: 'E_STATE_OTHER',
          message: expect.stringContaining('another secret key'),
        })
        await store.fieldState(accountId).refuseUnusable()
        await send(run, 2, 'made with another key')
        expect(await nameIn(store)).toBe('unknown')
      })

      it('is taken if nothing is known yet', async () => {
        const store = await open()
        await store.fieldState(accountId).refuseUnusable()
        await store.fieldState(otherKey).refuseUnusable()
        await send(await openRun(store, 'b', {}, { fieldsOf: otherKey }), 1, 'n1')
        await expect(store.fieldState(accountId).refuseUnusable()).rejects.toMatchObject({
          code: 'E_STATE_OTHER',
        })
      })

      it('that takes a file as applied forgets what the former one has made', async () => {
        const store = await open()
        await store.fieldState(accountId).confirm([{ customerId: 'cus_1', digests: { name: 'n1' } }])
        await store.fieldState(otherKey).confirm([{ customerId: 'cus_2', digests: { name: 'n2' } }])
        await store.fieldState(otherKey).refuseUnusable()
        expect([(await known(store, 'cus_1')).digests, (await known(store, 'cus_2')).digests]).toEqual([
          {},
          { name: 'n2' },
        ])
      })
    })

    it('says which run was the last to begin or to continue, until a file is taken as applied', async () => {
      const store = await open()
      const state = store.fieldState(accountId)
      expect(await state.lastSender()).toBe('')
      const [one, two] = [await openRun(store, 'one'), await openRun(store, 'two')]
      expect(await state.lastSender()).toBe('')
      await one.begin()
      await two.begin()
      expect([await state.lastSender(), await store.fieldState(other).lastSender()]).toEqual(['two', ''])
      await (await reopen(one)).begin()
      expect(await state.lastSender()).toBe('one')
      await state.confirm([{ customerId, digests: { name: 'n1' } }])
      expect(await state.lastSender()).toBe('')
    })

    it('keeps facts of an account, apart from those of others, and the newest of a name', async () => {
      const store = await open()
      const fact = { value: 'merge', customer: customerId, at: 5 }
      expect(await store.accountFact(accountId, 'metadata')).toBeUndefined()
      await store.keepFact(accountId, 'metadata', { ...fact, value: 'replace', at: 4 })
      await store.keepFact(accountId, 'metadata', fact)
      const another = await open()
      expect(await another.accountFact(accountId, 'metadata')).toEqual(fact)
      expect(await another.accountFact(other, 'metadata')).toBeUndefined()
      expect(await another.accountFact(accountId, 'more')).toBeUndefined()
    })

    describe('exports', () => {
      it('know which customers have vanished since the last run of the same export', async () => {
        const store = await open()
        const state = store.fieldState(accountId)
        const vanished = async (run: string): Promise<readonly string[]> =>
          (await collected(state.vanished('crm', run))).flat()
        const endRun = (run: string, rows: number) =>
          state.endExport({ run, export: 'crm', at: Date.now(), rows })
        await state.see('crm', 'night 1', ['cus_1', 'cus_2', 'cus_3'])
        await state.see('shop', 'night 1', ['cus_9'])
        expect(await endRun('night 1', 3)).toBe(0)
        await state.see('crm', 'night 2', ['cus_2'])
        expect(await endRun('night 2', 1)).toBe(2)
        // A run that was stopped after it did says the same again.
        expect([await endRun('night 2', 1), await vanished('night 2')]).toEqual([2, ['cus_1', 'cus_3']])
        await state.see('crm', 'night 3', ['cus_1'])
        expect([await endRun('night 3', 1), await vanished('night 3')]).toEqual([1, ['cus_2']])
        // They are named once.
        expect([await vanished('night 1'), await vanished('night 2')]).toEqual([[], ['cus_3']])
        expect((await collected(state.vanished('shop', 'night 3'))).flat()).toEqual([])
      })

      it('name many vanished customers in pages, none left out', async () => {
        const state = (await open()).fieldState(accountId)
        const ids = Array.from({ length: 2_500 }, (_, at) => `cus_${String(at).padStart(5, '0')}`)
        await state.see('crm', 'night 1', ids)
        expect(await state.endExport({ run: 'night 2', export: 'crm', at: 5, rows: 0 })).toBe(2_500)
        expect((await collected(state.vanished('crm', 'night 2'))).flat()).toEqual(ids)
      })

      it('list the last run of each, the newest first', async () => {
        const store = await open()
        const state = store.fieldState(accountId)
        for (const [run, name, at, rows] of [
          ['night 1', 'crm', 1, 10],
          ['night 2', 'crm', 3, 11],
          ['night 3', 'shop', 2, 12],
        ] as const)
          await state.endExport({ run, export: name, at, rows })
        expect(await state.exports()).toEqual([
          { run: 'night 2', export: 'crm', at: 3, rows: 11, vanished: 0 },
          { run: 'night 3', export: 'shop', at: 2, rows: 12, vanished: 0 },
        ])
        expect(await store.fieldState(other).exports()).toEqual([])
        expect([await state.exists(), await store.fieldState(other).exists()]).toEqual([true, false])
      })

      it('remember the ten runs that were skipped last', async () => {
        const state = (await open()).fieldState(accountId)
        for (let night = 1; night <= 12; night++) {
          await state.noteSkipped(`export ${night}`)
          await passMillisecond()
        }
        const skipped = await state.skipped()
        expect(skipped.map(({ export: name }) => name)).toEqual(
          Array.from({ length: 10 }, (_, at) => `export ${12 - at}`),
        )
        expect(skipped.every(({ at }) => at > 0)).toBe(true)
      })
    })
  })
}

/** Times of the store are whole milliseconds. */
async function passMillisecond(): Promise<void> {
  for (const began = Date.now(); Date.now() === began;) await Promise.resolve()
}
