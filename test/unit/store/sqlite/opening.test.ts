import {
  existsSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../../src/model/store.ts'
import { storeVersion } from '../../../../src/store/sqlite/database.ts'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import { makeSmallDisk, whyNot } from '../../../support/small-disk.ts'
import { accountId, manifestOf, openOptions, rowOutcome, rowRequest } from '../../../support/stored-run.ts'

let directory = ''
let path = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-open-'))
  path = join(directory, 'store.db')
})
afterEach(() => rmSync(directory, { recursive: true }))

function edit(statements: string): void {
  const db = new DatabaseSync(path)
  db.exec(statements)
  db.close()
}

function pragma(name: string): unknown {
  const db = new DatabaseSync(path)
  const value = Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  db.close()
  return value
}

/** One row from its intent to its outcome. */
async function sendRow(store: Store, row = 1): Promise<void> {
  const run = await store.openRun(manifestOf('a'), openOptions)
  try {
    await run.recordIntent(rowRequest(row), 0)
    await run.recordOutcome(rowOutcome(row))
  } finally {
    await run.close()
  }
}

describe('a store', () => {
  it('is made with the folders that it is in, for its owner only', async () => {
    path = join(directory, 'a', 'b', 'store.db')
    const store = await openSqliteStore(path)
    const run = await store.openRun(manifestOf('a'), openOptions)
    const release = await store.holdExports(accountId)
    const folder = join(directory, 'a', 'b')
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)
    expect(readdirSync(folder).toSorted()).toEqual([
      'store.db',
      'store.db-account-1.lock',
      'store.db-account-1.lock-journal',
      'store.db-mark',
      'store.db-run-1-1.lock',
      'store.db-run-1-1.lock-journal',
      'store.db-shm',
      'store.db-wal',
    ])
    expect(new Set(modes)).toEqual(new Set([0o600]))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    await release()
    await run.close()
    await store.close()
    expect(readdirSync(folder).toSorted()).toEqual(['store.db', 'store.db-mark'])
  })

  it('gives deleted space back, and waits for the disk: settings that have an effect only at its beginning', async () => {
    const store = await openSqliteStore(path)
    await store.close()
    expect([pragma('auto_vacuum'), pragma('journal_mode'), pragma('user_version')]).toEqual([
      2,
      'wal',
      storeVersion,
    ])
  })

  it.each([
    ['one that was only begun', ''],
    ['one with its settings and no table', 'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL'],
  ])('can be made in place of %s', async (_, statements) => {
    writeFileSync(path, '')
    if (statements !== '') edit(statements)
    const store = await openSqliteStore(path)
    await sendRow(store)
    await store.close()
  })

  it('of a newer version is refused by name, and nothing in it is changed', async () => {
    await (await openSqliteStore(path)).close()
    edit('PRAGMA user_version = 99')
    const before = readFileSync(path)
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      kind: 'LOCAL',
      code: 'E_STORE_VERSION',
      message: expect.stringContaining('store 99'),
    })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it.each([
    ['with tables', 'CREATE TABLE customers (id INTEGER)'],
    ['with a version', 'PRAGMA user_version = 1'],
    ['with an identity of its own', 'PRAGMA application_id = 7; CREATE TABLE customers (id INTEGER)'],
  ])('is never made in a database of another program %s, which stays as it is', async (_, statements) => {
    edit(statements)
    const before = readFileSync(path)
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      kind: 'USAGE',
      code: 'E_STORE_PATH',
      message: `${path} is a database of another program`,
    })
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(directory)).toEqual(['store.db'])
  })

  it('is never made in a file that is no database', async () => {
    writeFileSync(path, 'customer,name\n'.repeat(500))
    await expect(openSqliteStore(path)).rejects.toMatchObject({ kind: 'LOCAL', code: 'E_STORE_DAMAGED' })
    expect(readFileSync(path, 'utf8')).toBe('customer,name\n'.repeat(500))
  })

  it.each<[string, () => void]>([
    ['a folder', () => mkdirSync(path)],
    ['a link', () => symlinkSync('other.db', path)],
  ])('is not %s', async (_, make) => {
    make()
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      kind: 'USAGE',
      code: 'E_STORE_PATH',
      message: expect.stringContaining(path),
      remedy: expect.stringContaining('--store'),
    })
  })

  it('is not in a folder that is a file, which is named', async () => {
    writeFileSync(join(directory, 'file'), '')
    await expect(openSqliteStore(join(directory, 'file', 'store.db'))).rejects.toMatchObject({
      kind: 'USAGE',
      message: expect.stringContaining(join(directory, 'file')),
    })
  })

  it('can be made once there is room, wherever the disk was full the first time', async ({ skip }) => {
    const disk = makeSmallDisk(512)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      let refusals = 0
      for (let room = 0; room <= 384; room += 12) {
        const [place, filler] = [join(disk.path, `${room}.db`), join(disk.path, 'filler')]
        writeFileSync(filler, Buffer.alloc((512 - room) * 1024))
        try {
          const store = await openSqliteStore(place)
          // What is made without room may find out later.
          try {
            await sendRow(store, 1)
          } finally {
            await store.close()
          }
        } catch (error) {
          expect(error).toMatchObject({ kind: 'LOCAL', code: expect.stringMatching(/^E_(STORE|DISK)$/) })
          refusals += 1
        }
        rmSync(filler)
        const store = await openSqliteStore(place)
        await sendRow(store, 2)
        expect((await store.findRun('a'))?.stored.settled).toBeGreaterThan(0)
        await store.close()
        for (const name of readdirSync(disk.path)) rmSync(join(disk.path, name))
      }
      expect(refusals).toBeGreaterThan(3)
    } finally {
      disk.remove()
    }
  })

  it('is not writable on a read-only disk, and says so', async ({ skip }) => {
    const disk = makeSmallDisk(512)
    skip(disk === undefined, whyNot)
    if (disk === undefined) return
    try {
      disk.remount('ro')
      await expect(openSqliteStore(join(disk.path, 'store.db'))).rejects.toMatchObject({
        kind: 'USAGE',
        code: 'E_STORE_PATH',
        message: expect.stringContaining('read-only'),
      })
    } finally {
      disk.remove()
    }
  })
})

describe('a run that was deleted', () => {
  it('leaves nothing of its rows in the files, and gives their space back', async () => {
    const store = await openSqliteStore(path)
    await sendRow(store)
    const size = () => statSync(path).size + statSync(`${path}-wal`).size
    await store.deleteRun('a', () => Promise.resolve(true))
    const empty = size()
    const run = await store.openRun(manifestOf('a'), { ...openOptions, group: 500 })
    const secret = 'Jo Secret'
    await Promise.all(
      Array.from({ length: 2_000 }, (_, index) =>
        run.saveBeforeImage({ row: index + 1, customerId: `cus_${index}`, body: `{"name":"${secret}"}` }, {}),
      ),
    )
    await run.close()
    const holds = (name: string) => readFileSync(join(directory, name)).includes(secret)
    expect(readdirSync(directory).some(holds)).toBe(true)
    expect(size()).toBeGreaterThan(2 * empty)
    await store.deleteRun('a', () => Promise.resolve(true))
    const left = size()
    await store.close()
    expect(readdirSync(directory).filter(holds)).toEqual([])
    expect(left).toBeLessThan(1.2 * empty)
  })

  it('never has its number used again: what still belongs to it must not meet another run', async () => {
    const store = await openSqliteStore(path)
    await sendRow(store)
    await store.deleteRun('a', () => Promise.resolve(true))
    const run = await store.openRun(manifestOf('b'), openOptions)
    expect(existsSync(`${path}-run-1-1.lock`)).toBe(false)
    expect(existsSync(`${path}-run-2-1.lock`)).toBe(true)
    await run.close()
    await store.close()
  })
})

describe('the files of owners', () => {
  it('are gone when their runs are closed, also those of owners that were killed', async () => {
    const store = await openSqliteStore(path)
    // As a killed owner leaves it.
    const run = await store.openRun(manifestOf('a'), openOptions)
    await run.close()
    writeFileSync(`${path}-run-1-1.lock`, '')
    edit('UPDATE run_progress SET lease_until = 9e15')
    await (await store.openRun(manifestOf('a'), openOptions)).close()
    await store.close()
    expect(readdirSync(directory).toSorted()).toEqual(['store.db', 'store.db-mark'])
  })
})
