/** The contract of a store: its runs, and who owns them. */
import { describe, expect, it } from 'vitest'
import type { Run, RunFilter } from '../../../src/model/store.ts'
import { accountId, customerId, manifestOf, openOptions, rowOutcome } from '../../support/stored-run.ts'
import { collected } from '../../support/collected.ts'
import { createStoreRig, intend, other, outcomesOf, settle, type StoreKind } from './rig.ts'

const busy = (id: string) =>
  expect.objectContaining({ kind: 'BUSY', code: 'E_BUSY', message: expect.stringContaining(`run ${id} `) })
const unasked = () => Promise.reject(new Error('asked'))
const takenOver = expect.objectContaining({ kind: 'BUSY', code: 'E_TAKEN_OVER' })

export function runContract(name: string, kind: StoreKind): void {
  describe(`runs (${name})`, () => {
    const { open, openRun, reopen, close, find, endLease } = createStoreRig(kind)

    it('a new run is found by its id, with all that it was opened with', async () => {
      const store = await open()
      const manifest = manifestOf('a', { kind: 'redo', parentId: 'first', facts: { input: 'i', plan: 'p' } })
      const run = await openRun(store, 'a', manifest)
      const { stored } = await find(await open(), 'a')
      expect(stored).toMatchObject({ ...manifest, state: 'open', settled: 0, startedAt: 0, finishedAt: 0 })
      expect(stored.note('record')).toBeUndefined()
      expect(run.stored.id).toBe('a')
      expect(await store.findRun('b')).toBeUndefined()
    })

    it('a run that a process owns is BUSY for every other, which is told who has it and how far it is', async () => {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'a')
      await settle(run, 1)
      await settle(run, 2)
      for (const from of [store, another]) await expect(openRun(from, 'a')).rejects.toThrow(busy('a'))
      await expect(another.openRun(manifestOf('a'), openOptions)).rejects.toThrow(
        `process ${process.pid} since `,
      )
      await expect(another.openRun(manifestOf('a'), openOptions)).rejects.toThrow('rows done: 2')
      expect((await find(another, 'a')).stored).toMatchObject({ isRunning: true, settled: 2 })
      await settle(run, 3)
      await close(run)
      expect((await find(another, 'a')).stored).toMatchObject({ isRunning: false, owner: '', settled: 3 })
      await openRun(another, 'a')
    })

    it('a run that is closed is free at once, and its attempts count as ended then', async () => {
      const store = await open()
      const first = await openRun(store, 'a')
      expect(first.earlier.endedAt).toBe(0)
      const before = Date.now()
      await close(first)
      const { endedAt } = (await openRun(store, 'a')).earlier
      expect(endedAt).toBeGreaterThanOrEqual(before)
      expect(endedAt).toBeLessThanOrEqual(Date.now())
    })

    it.each([
      ['input', { facts: { ...manifestOf('a').facts, input: 'another' } }],
      ['mapping', { facts: { ...manifestOf('a').facts, mapping: 'another' } }],
      ['encoding', { facts: { ...manifestOf('a').facts, encoding: 'windows-1252' } }],
      ['plan', { facts: { ...manifestOf('a').facts, plan: 'one' } }],
      ['host', { host: 'api.rapyd.net' }],
      ['account', { account: 'another' }],
    ])('a run is refused for another %s, and is free afterwards', async (fact, changes) => {
      const store = await open()
      await close(await openRun(store, 'a'))
      await expect(openRun(store, 'a', changes)).rejects.toMatchObject({
        code: 'E_OTHER_RUN',
        message: `this run belongs to another ${fact}`,
      })
      await openRun(store, 'a')
    })

    it('a run that begins and finishes says when, and stays finished', async () => {
      const store = await open()
      const run = await openRun(store, 'a')
      const before = Date.now()
      expect([run.startedAt, run.finishedAt]).toEqual([0, 0])
      await run.begin()
      const { startedAt } = run
      expect(startedAt).toBeGreaterThanOrEqual(before)
      const resumed = await reopen(run)
      await resumed.begin()
      expect(resumed.startedAt).toBe(startedAt)
      const outcome = resumed.recordOutcome(rowOutcome(1))
      await resumed.finish()
      await outcome
      expect(resumed.finishedAt).toBeGreaterThanOrEqual(startedAt)
      const { finishedAt } = resumed
      await close(resumed)
      const stored = { state: 'finished', startedAt, finishedAt, settled: 1 }
      expect((await find(store, 'a')).stored).toMatchObject(stored)
      expect((await openRun(store, 'a')).finishedAt).toBe(finishedAt)
    })

    it('notes are read at once, and are there for other processes when they are durable', async () => {
      const [store, another] = [await open(), await open()]
      const run = await openRun(store, 'a')
      run.noteLater('pauses', 'first')
      run.noteLater('pauses', 'last')
      expect([run.note('pauses'), run.note('record')]).toEqual(['last', undefined])
      const saved = run.setNote('record', '{"a":"\u{1F600}\\u0000"}')
      expect(run.note('record')).toBe('{"a":"\u{1F600}\\u0000"}')
      await saved
      const { stored } = await find(another, 'a')
      expect([stored.note('pauses'), stored.note('record')]).toEqual(['last', '{"a":"\u{1F600}\\u0000"}'])
      expect((await reopen(run)).note('pauses')).toBe('last')
    })

    it('a note that nothing followed is written when the run is closed', async () => {
      const store = await open()
      const run = await openRun(store, 'a')
      run.noteLater('pauses', 'last')
      await close(run)
      expect((await find(store, 'a')).stored.note('pauses')).toBe('last')
    })

    describe('are listed', () => {
      it.each<[string, RunFilter, readonly string[]]>([
        ['the one that changed last comes first', {}, ['c', 'b', 'a']],
        ['by kind', { kind: 'update' }, ['a']],
        ['by their parent', { parentId: 'a' }, ['c', 'b']],
        ['by state', { state: 'finished' }, ['b']],
        ['by state, those that are open', { state: 'open' }, ['c', 'a']],
        ['by account', { account: 'another' }, ['c']],
        ['by the folder of their files', { runsDir: '/runs' }, ['b', 'a']],
        ['and a probe only if it is asked for', { kind: 'probe' }, ['probe']],
        ['by several of them', { parentId: 'a', state: 'open', account: 'another' }, ['c']],
        ['and none that has only some of them', { kind: 'update', state: 'finished' }, []],
      ])('%s', async (_, filter, expected) => {
        const store = await open()
        const run = async (id: string, changes: Parameters<typeof openRun>[2] = {}): Promise<Run> =>
          openRun(store, id, changes)
        await close(await run('probe', { kind: 'probe' }))
        await close(await run('a'))
        const redo = await run('b', { kind: 'redo', parentId: 'a' })
        await redo.finish()
        await close(redo)
        const elsewhere = { account: 'another', directory: '/runs/more/c' }
        await close(await run('c', { kind: 'rollback', parentId: 'a', ...elsewhere }))
        expect((await store.runs(filter)).map(({ stored }) => stored.id)).toEqual(expected)
      })
    })

    describe('a process that stood still for longer than its lease', () => {
      it('has lost its run to the next one: it writes nothing, and is not fresh', async () => {
        const [store, another] = [await open(), await open()]
        const first = await openRun(store, 'a')
        await intend(first, 1, 'name')
        expect(first.isFresh).toBe(true)
        await endLease('a')
        const second = await openRun(another, 'a')
        await expect(settle(first, 1)).rejects.toThrow(takenOver)
        expect(first.isFresh).toBe(false)
        await expect(intend(first, 2, 'name')).rejects.toThrow(takenOver)
        for (const write of [
          () => first.renew(),
          () => first.cancelIntents([1]),
          () => first.setNote('record', ''),
          () => first.saveBeforeImage({ row: 1, customerId, body: '{}' }, {}),
          () => first.keepInput(toPieces([Buffer.from('x')])),
          () => first.removeInput(),
          () => first.begin(),
          () => first.finish(),
        ])
          await expect(write()).rejects.toThrow(takenOver)
        expect([first.isFresh, second.isFresh, second.isInDoubt(1)]).toEqual([false, true, true])
        await close(first)
        await settle(second, 1)
        const { stored, ...rows } = await find(store, 'a')
        expect(stored).toMatchObject({ isRunning: true, state: 'open', settled: 1 })
        expect(await outcomesOf(rows)).toEqual([rowOutcome(1)])
      })

      it('finds out when it asks, before it writes anything', async () => {
        const [store, another] = [await open(), await open()]
        const first = await openRun(store, 'a')
        await endLease('a')
        await openRun(another, 'a')
        await expect(first.renew()).rejects.toThrow(takenOver)
        expect(first.isFresh).toBe(false)
        await expect(first.renew()).rejects.toThrow(takenOver)
      })

      it('continues if nobody has taken its run, and is fresh when that is confirmed', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await endLease('a')
        await run.renew()
        expect(run.isFresh).toBe(true)
        await settle(run, 1)
        await expect(openRun(store, 'a')).rejects.toThrow(busy('a'))
      })

      it.each([
        ['at the takeover, with a short settle time', 1_000, true],
        ['when its last request can have been answered', 90_000, false],
      ])('counts as ended %s', async (_, settleMs, isAtTakeover) => {
        const [store, another] = [await open(), await open()]
        await openRun(store, 'a')
        const before = Date.now()
        await endLease('a')
        const { endedAt } = (await openRun(another, 'a', {}, { settleMs })).earlier
        expect(endedAt).toBeGreaterThan(0)
        expect(endedAt).toBeLessThanOrEqual(Date.now())
        // Its lease ended long ago.
        expect(endedAt >= before).toBe(isAtTakeover)
      })
    })

    describe('a write that failed', () => {
      it('is the last one: nothing more is written, and nothing may be sent', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await intend(run, 1, 'name')
        await settle(run, 1)
        // A row has one outcome.
        await expect(settle(run, 1)).rejects.toMatchObject({ kind: 'LOCAL', code: 'E_STORE_DAMAGED' })
        expect(run.isFresh).toBe(false)
        const refused = { kind: 'LOCAL', code: 'E_STORE_DAMAGED' }
        await expect(settle(run, 2)).rejects.toMatchObject(refused)
        await expect(intend(run, 3, 'name')).rejects.toMatchObject(refused)
        await expect(run.setNote('record', '')).rejects.toMatchObject(refused)
        await expect(run.finish()).rejects.toMatchObject(refused)
        await expect(run.renew()).rejects.toMatchObject(refused)
        expect([run.isFresh, run.settledRows.size]).toEqual([false, 1])
        const next = await reopen(run)
        expect(next.finishedAt).toBe(0)
        expect(await outcomesOf(next)).toEqual([rowOutcome(1)])
      })
    })

    describe('deleting a run', () => {
      it('removes everything of it, and nothing of the others', async () => {
        const store = await open()
        for (const id of ['a', 'b']) {
          const run = await openRun(store, id)
          await run.setNote('record', '{}')
          await run.saveBeforeImage({ row: 1, customerId, body: '{"name":"x"}' }, { name: 'old' })
          await run.keepInput(toPieces([Buffer.from('customer,name\n')]))
          await intend(run, 1, 'name')
          await settle(run, 1)
          await intend(run, 2, 'name')
          await close(run)
        }
        expect(await store.deleteRun('a', () => Promise.resolve(true))).toBe(true)
        expect(await store.findRun('a')).toBeUndefined()
        expect((await store.runs()).map(({ stored }) => stored.id)).toEqual(['b'])
        const kept = await openRun(store, 'b')
        expect([kept.settledRows.size, kept.isInDoubt(2), kept.note('record')]).toEqual([1, true, '{}'])
        const anew = await openRun(store, 'a')
        expect([anew.settledRows.size, anew.inDoubt.size, anew.note('record')]).toEqual([0, 0, undefined])
        expect(await anew.hasBeforeImages()).toBe(false)
        expect(await collected(anew.keptInput())).toEqual([])
        expect([anew.earlier.endedAt, anew.startedAt]).toEqual([0, 0])
      })

      it('takes many rows in small transactions, so that others write meanwhile', async () => {
        const [store, another] = [await open(), await open()]
        const run = await openRun(store, 'a', {}, { group: 3_000, rows: 3_000 })
        await Promise.all(
          Array.from({ length: 3_000 }, (_, index) => run.recordOutcome(rowOutcome(index + 1))),
        )
        await close(run)
        const neighbour = await openRun(another, 'b')
        const deleted = store.deleteRun('a', () => Promise.resolve(true))
        await Promise.all([1, 2, 3].map((row) => settle(neighbour, row)))
        expect(await deleted).toBe(true)
        expect(await store.findRun('a')).toBeUndefined()
        expect(await outcomesOf(neighbour)).toHaveLength(3)
      })

      it('asks when nobody can have the run, and leaves it if it is not allowed', async () => {
        const [store, another] = [await open(), await open()]
        await close(await openRun(store, 'a'))
        const isDeleted = await store.deleteRun('a', async ({ id, state }) => {
          expect([id, state]).toEqual(['a', 'open'])
          await expect(openRun(another, 'a')).rejects.toThrow(busy('a'))
          return false
        })
        expect(isDeleted).toBe(false)
        await openRun(another, 'a')
      })

      it('is BUSY while a process has the run, and true if there is none', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await expect(store.deleteRun('a', unasked)).rejects.toThrow(busy('a'))
        expect(await store.deleteRun('b', unasked)).toBe(true)
        await close(run)
      })
    })

    describe('holding a run', () => {
      it('keeps every process out of it until it is let go', async () => {
        const [store, another] = [await open(), await open()]
        await close(await openRun(store, 'a'))
        const release = await store.holdRun('a')
        for (const from of [store, another]) await expect(openRun(from, 'a')).rejects.toThrow(busy('a'))
        await expect(another.holdRun('a')).rejects.toThrow(busy('a'))
        await release()
        await openRun(another, 'a')
        await expect(store.holdRun('a')).rejects.toThrow(busy('a'))
      })

      it('does nothing for a run that there is not', async () => {
        const store = await open()
        await (
          await store.holdRun('a')
        )()
        await openRun(store, 'a')
      })
    })

    it('holding the exports of an account keeps every other such run of it out, and none of another account', async () => {
      const [store, another] = [await open(), await open()]
      const release = await store.holdExports(accountId)
      for (const from of [store, another])
        await expect(from.holdExports({ ...accountId, keyCheck: 'new key' })).rejects.toMatchObject({
          kind: 'BUSY',
          code: 'E_BUSY',
        })
      await (
        await another.holdExports(other)
      )()
      await release()
      await (
        await another.holdExports(accountId)
      )()
    })

    it('the quota of an account is one for all processes, and another account has its own', async () => {
      const [store, another] = [await open(), await open()]
      const windows = [{ limit: 1, perMs: 3_600_000 }]
      const quotas = [
        await store.quota(accountId, windows),
        await another.quota(accountId, windows),
        await another.quota(other, windows),
      ]
      const waits = await Promise.all(quotas.map((quota) => quota.take()))
      for (const quota of quotas) await quota.close()
      expect(waits).toEqual([0, expect.any(Number), 0])
      expect(waits[1]).toBeGreaterThan(0)
    })

    describe('a check of the store', () => {
      it('finds nothing wrong with what was written, and changes nothing', async () => {
        const store = await open()
        const run = await openRun(store, 'a')
        await intend(run, 1, 'name')
        await settle(run, 1, { confirmed: { name: 'digest' } })
        await intend(run, 2, 'name')
        await close(run)
        expect(await store.check(false)).toEqual([])
        expect([...(await openRun(store, 'a')).inDoubt.keys()]).toEqual([2])
      })

      it('that accepts the store as it is puts all open rows in doubt when a run is opened next', async () => {
        const store = await open()
        const run = await openRun(store, 'a', {}, { rows: 4 })
        await settle(run, 2)
        await close(run)
        const finished = await openRun(store, 'b', {}, { rows: 4 })
        await settle(finished, 1)
        await finished.finish()
        await close(finished)
        expect(await store.check(true)).toEqual([])
        const resumed = await openRun(store, 'a', {}, { rows: 4 })
        expect([...resumed.inDoubt.keys()]).toEqual([1, 3, 4])
        expect([1, 2, 3].map((row) => resumed.isInDoubt(row))).toEqual([true, false, true])
        expect((await openRun(store, 'b', {}, { rows: 4 })).inDoubt.size).toBe(0)
        // What is begun later was not restored.
        expect((await openRun(store, 'c', {}, { rows: 4 })).inDoubt.size).toBe(0)
      })
    })
  })
}

export async function* toPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}
