/** A store that has gone backwards. SQLite takes a log that is cut or damaged for a shorter one, and says nothing. */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../../src/model/store.ts'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import { startChildStore } from '../../../support/child-store.ts'
import { accountId, customerId, manifestOf, openOptions, rowOutcome } from '../../../support/stored-run.ts'

const lost = { kind: 'LOCAL', code: 'E_STORE_LOST' }

let killed = ''
let directory = ''
const at = (name: string) => join(directory, name)

/**
 * As a killed process leaves it: row 1 has an outcome and row 2 an intent in `old`; rows 1 to 4 have outcomes in `new`, which is
 * many commits later.
 */
beforeAll(async () => {
  killed = mkdtempSync(join(tmpdir(), 'rapyd-bulk-killed-'))
  const [own, old] = [join(killed, 'new'), join(killed, 'old')]
  mkdirSync(own)
  const child = startChildStore(
    join(own, 'store.db'),
    'a',
    'settle=1',
    'intend=2',
    'wait',
    'note=1-40',
    'settle=2-4',
  )
  await child.done('intend=2')
  cpSync(own, old, { recursive: true })
  child.goOn()
  await child.done('settle=2-4')
  await child.kill()
})
afterAll(() => rmSync(killed, { recursive: true }))
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-lost-'))
  cpSync(join(killed, 'new'), directory, { recursive: true })
})
afterEach(() => rmSync(directory, { recursive: true }))

function flip(name: string, byte: number): void {
  const bytes = readFileSync(at(name))
  bytes[byte] = (bytes[byte] ?? 0) ^ 1
  writeFileSync(at(name), bytes)
}

function putOldBack(...names: readonly string[]): void {
  for (const name of names) copyFileSync(join(killed, 'old', name), at(name))
}

function remove(...names: readonly string[]): void {
  for (const name of names) rmSync(at(name))
}

async function settledIn(store: Store): Promise<number> {
  const run = await store.openRun(manifestOf('a'), openOptions)
  const { size } = run.settledRows
  await run.close()
  await store.close()
  return size
}

describe('a store of a process that was killed', () => {
  it('holds all that was recorded', async () => {
    expect(await settledIn(await openSqliteStore(at('store.db')))).toBe(4)
  })

  it.each<[string, () => void]>([
    ['if it is newer than its mark', () => putOldBack('store.db-mark')],
    [
      'if the end of its log is a commit that nobody was told of',
      () => appendFileSync(at('store.db-wal'), 'x'),
    ],
    ['without the file that its readers share', () => remove('store.db-shm')],
  ])('is opened %s', async (_, damage) => {
    damage()
    expect(await settledIn(await openSqliteStore(at('store.db')))).toBe(4)
  })

  it.each<[string, () => void]>([
    ['without its log', () => remove('store.db-wal')],
    ['with an empty log', () => truncateSync(at('store.db-wal'), 0)],
    [
      'with half of its log',
      () => truncateSync(at('store.db-wal'), Math.floor(readFileSync(at('store.db-wal')).length / 2)),
    ],
    ['with one bit of its log changed', () => flip('store.db-wal', 9_000)],
    ['with one bit of the first line of its log changed', () => flip('store.db-wal', 3)],
    ['as an old copy with its log', () => putOldBack('store.db', 'store.db-wal', 'store.db-shm')],
    [
      'as an old copy without its log',
      () => [putOldBack('store.db'), remove('store.db-wal', 'store.db-shm')],
    ],
    ['without its mark', () => remove('store.db-mark')],
    ['with a mark that is damaged', () => flip('store.db-mark', 40)],
    ['with a mark that was emptied', () => truncateSync(at('store.db-mark'), 0)],
    ['if it is gone, with its mark left', () => remove('store.db', 'store.db-wal', 'store.db-shm')],
    [
      'if it was emptied, with its mark left',
      () => [remove('store.db-wal', 'store.db-shm'), truncateSync(at('store.db'), 0)],
    ],
  ])('is refused %s, however often', async (_, damage) => {
    damage()
    for (let times = 0; times < 2; times++)
      await expect(openSqliteStore(at('store.db'))).rejects.toMatchObject(lost)
  })

  it('is refused next to the mark of another store', async () => {
    mkdirSync(at('other'))
    await (await openSqliteStore(at('other/store.db'))).close()
    copyFileSync(at('other/store.db-mark'), at('store.db-mark'))
    await expect(openSqliteStore(at('store.db'))).rejects.toMatchObject({
      ...lost,
      message: expect.stringContaining(`its mark ${at('store.db-mark')} belongs to another file`),
    })
  })
})

describe('a copy of a store that was put back on purpose', () => {
  beforeEach(() => putOldBack('store.db', 'store.db-wal', 'store.db-shm'))

  it('is accepted once and for all, with its open rows in doubt and nothing known of customers', async () => {
    const accepted = await openSqliteStore(at('store.db'), true)
    expect(await accepted.check(true)).toEqual([])
    await accepted.close()
    const store = await openSqliteStore(at('store.db'))
    const [known] = await store.fieldState(accountId).get([customerId])
    expect([known?.digests, known?.isUnknown('name')]).toEqual([{}, true])
    const run = await store.openRun(manifestOf('a'), { ...openOptions, rows: 4 })
    expect([run.settledRows.size, [...run.inDoubt.keys()]]).toEqual([1, [2, 3, 4]])
    await run.recordOutcome(rowOutcome(2))
    await run.close()
    await store.close()
    expect(await settledIn(await openSqliteStore(at('store.db')))).toBe(2)
  })

  it.each<[string, () => void]>([
    ['without its mark', () => remove('store.db-mark')],
    ['with a mark that is damaged', () => flip('store.db-mark', 40)],
  ])('is accepted once and for all %s', async (_, damage) => {
    damage()
    const accepted = await openSqliteStore(at('store.db'), true)
    await accepted.check(true)
    await accepted.close()
    expect(await settledIn(await openSqliteStore(at('store.db')))).toBe(1)
  })

  it('knows nothing of a customer any more once it is accepted', async () => {
    const store = await openSqliteStore(at('another.db'))
    const state = store.fieldState(accountId)
    await state.confirm([{ customerId, digests: { name: 'known' } }])
    expect((await state.get([customerId]))[0]?.digests).toEqual({ name: 'known' })
    await store.check(true)
    const [found] = await state.get([customerId])
    expect([found?.digests, found?.isUnknown('name')]).toEqual([{}, true])
    await store.close()
  })

  it('is refused again as long as it was only looked at', async () => {
    const looked = await openSqliteStore(at('store.db'), true)
    expect(await looked.check(false)).toEqual([])
    await looked.close()
    await expect(openSqliteStore(at('store.db'))).rejects.toMatchObject(lost)
  })

  it('is refused again if it is put back a second time', async () => {
    const accepted = await openSqliteStore(at('store.db'), true)
    await accepted.check(true)
    await accepted.close()
    putOldBack('store.db', 'store.db-wal', 'store.db-shm')
    await expect(openSqliteStore(at('store.db'))).rejects.toMatchObject(lost)
  })
})
