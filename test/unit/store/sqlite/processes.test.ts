/** A store that several processes use, some of which are killed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Run, Store } from '../../../../src/model/store.ts'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import { startChildStore, type ChildStore } from '../../../support/child-store.ts'
import {
  accountId,
  customerId,
  manifestOf,
  openOptions,
  rowOutcome,
  rowRequest,
} from '../../../support/stored-run.ts'

let directory = ''
let path = ''
const children: ChildStore[] = []
let store: Store | undefined
let run: Run | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-processes-'))
  path = join(directory, 'store.db')
})
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await run?.close()
  await store?.close()
  store = run = undefined
  rmSync(directory, { recursive: true })
})

function start(id: string, ...commands: readonly string[]): ChildStore {
  const child = startChildStore(path, id, ...commands)
  children.push(child)
  return child
}

async function open(id: string): Promise<Run> {
  store ??= await openSqliteStore(path)
  run = await store.openRun(manifestOf(id), openOptions)
  return run
}

function endLease(): void {
  const db = new DatabaseSync(path)
  db.exec('UPDATE run_progress SET lease_until = 1')
  db.close()
}

async function name(): Promise<string> {
  const [known] = (await store?.fieldState(accountId).get([customerId])) ?? []
  return known?.digests['name'] ?? (known?.isUnknown('name') === true ? 'unknown' : 'nothing')
}

describe('processes that begin at the same time', () => {
  it('make one store, and write to it beside each other', async () => {
    const ids = ['a', 'b', 'c', 'd']
    const ended = ids.map((id) => start(id, 'settle=1-40', 'close').ended)
    for (const { code, stderr } of await Promise.all(ended)) expect([code, stderr]).toEqual([0, ''])
    store = await openSqliteStore(path)
    const found = (await store.runs()).map(({ stored }) => `${stored.id} ${stored.state} ${stored.settled}`)
    expect(found.toSorted()).toEqual(ids.map((id) => `${id} finished 40`))
    expect(await store.check(false)).toEqual([])
  })

  it('with one run: one of them has it, and the others are BUSY', async () => {
    const three = [1, 2, 3].map(() => start('a', 'note=1'))
    const wins = await Promise.all(
      three.map((child) =>
        Promise.race([child.done('note=1').then(() => true), child.ended.then(() => false)]),
      ),
    )
    expect(wins.filter((hasWon) => hasWon)).toEqual([true])
    for (const [index, hasWon] of wins.entries()) {
      if (hasWon) continue
      expect((await three[index]?.ended)?.stderr).toContain('run a is held by process')
    }
  })
})

describe('a process that was killed', () => {
  it('has lost its run at once: its rows with an intent are in doubt, and nothing that was recorded is missing', async () => {
    const child = start('a', 'settle=1-3', 'intend=4-5')
    await child.done('intend=4-5')
    await expect(open('a')).rejects.toMatchObject({ kind: 'BUSY', code: 'E_BUSY' })
    expect((await store?.findRun('a'))?.stored).toMatchObject({ isRunning: true, settled: 3 })
    const killedAt = Date.now()
    await child.kill()
    expect((await store?.findRun('a'))?.stored).toMatchObject({ isRunning: false, owner: '' })
    const resumed = await open('a')
    expect([resumed.settledRows.size, [...resumed.inDoubt.keys()]]).toEqual([3, [4, 5]])
    // Its last request may have been sent just before, and takes no longer than an attempt may.
    expect(resumed.earlier.endedAt).toBeLessThanOrEqual(killedAt + 35_000)
    expect(resumed.earlier.endedAt).toBeGreaterThan(killedAt)
  })

  it('may have had its last request applied until its settle time is over: then others confirm again', async () => {
    const child = start('a', 'settle=1', 'intend=2')
    await child.done('intend=2')
    await child.kill()
    const other = await open('b')
    expect(await name()).toBe('unknown')
    await other.recordIntent(rowRequest(1), 0)
    await other.recordOutcome(rowOutcome(1), { confirmed: { name: 'too early' } })
    expect(await name()).toBe('unknown')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 + 90_000 })
    await other.recordIntent(rowRequest(2), 0)
    await other.recordOutcome(rowOutcome(2), { confirmed: { name: 'late enough' } })
    expect(await name()).toBe('late enough')
  })

  it('has its row overtaken by what another run has sent since', async () => {
    const child = start('a', 'intend=2')
    await child.done('intend=2')
    await child.kill()
    const other = await open('b')
    await other.recordIntent(rowRequest(1), 0)
    await other.close()
    const resumed = await open('a')
    expect(await resumed.isOvertaken(2)).toBe(true)
  })
})

describe('a process that stood still for longer than its lease', () => {
  it('ends with E_TAKEN_OVER when it wakes, and has written nothing', async () => {
    const child = start('a', 'settle=1', 'wait', 'settle=2')
    await child.done('settle=1')
    endLease()
    const taken = await open('a')
    child.goOn()
    const { code, stderr } = await child.ended
    expect([code, stderr]).toEqual([1, expect.stringContaining('E_TAKEN_OVER')])
    expect([taken.settledRows.size, (await store?.findRun('a'))?.stored.settled]).toEqual([1, 1])
    await taken.recordOutcome(rowOutcome(2))
  })

  it('goes on when it wakes if nobody took its run', async () => {
    const child = start('a', 'settle=1', 'wait', 'settle=2', 'close')
    await child.done('settle=1')
    endLease()
    child.goOn()
    expect(await child.ended).toEqual({ code: 0, stderr: '' })
  })

  it('is followed by a third process only when the second one is gone, too', async () => {
    const child = start('a', 'settle=1')
    await child.done('settle=1')
    endLease()
    const second = start('a', 'note=2')
    await second.done('note=2')
    await expect(open('a')).rejects.toMatchObject({ code: 'E_BUSY' })
    await second.kill()
    expect((await open('a')).note('note')).toBe('2')
  })
})
