/** What is damaged in a store is found before it decides what is sent. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KnownFields, Run, Store } from '../../../../src/model/store.ts'
import { openSqliteStore } from '../../../../src/store/sqlite/store.ts'
import { collected } from '../../../support/collected.ts'
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
let store: Store | undefined
let run: Run | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-damage-'))
  path = join(directory, 'store.db')
})
afterEach(async () => {
  await close()
  rmSync(directory, { recursive: true })
})

async function close(): Promise<void> {
  await run?.close()
  run = undefined
  await store?.close()
  store = undefined
}

async function open(): Promise<Run> {
  store ??= await openSqliteStore(path)
  run = await store.openRun(manifestOf('a'), openOptions)
  return run
}

/** Rows 1 to 3 with outcomes, row 4 in doubt and with what its customer held; and a damage. */
async function damaged(statements: string): Promise<void> {
  const opened = await open()
  for (const row of [1, 2, 3]) {
    const { sends } = rowRequest(row)
    await opened.recordIntent(rowRequest(row), openOptions.settleMs)
    await opened.recordOutcome(rowOutcome(row), { confirmed: { name: `digest of ${sends.join()}` } })
  }
  await opened.saveBeforeImage({ row: 4, customerId: 'cus_4', body: '{"name":"x"}' }, { name: 'old' })
  await opened.recordIntent(rowRequest(4, { name: 'x', coupon: 'y' }, 'cus_4'), openOptions.settleMs)
  await close()
  edit(statements)
}

function edit(statements: string): void {
  const db = new DatabaseSync(path)
  db.exec(statements)
  db.close()
}

async function known(customer = customerId): Promise<KnownFields | undefined> {
  store ??= await openSqliteStore(path)
  const [found] = await store.fieldState(accountId).get([customer])
  return found
}

const isDamaged = (what: string) => ({
  kind: 'LOCAL',
  code: 'E_STORE_DAMAGED',
  message: expect.stringContaining(what),
})

describe('a run', () => {
  it.each([
    ['a message', "UPDATE outcome SET message = 'changed' WHERE row = 2", 'the outcome of row 2 is not'],
    ['the kind', "UPDATE outcome SET kind = 'failed' WHERE row = 2", 'the outcome of row 2 is not'],
    ['the row that it is of', 'UPDATE outcome SET row = 7 WHERE row = 2', 'the outcome of row 7 is not'],
    ['the customer', "UPDATE outcome SET customer = 'cus_2' WHERE row = 2", 'the outcome of row 2 is not'],
    [
      'a kind that there is not',
      "UPDATE outcome SET kind = 'odd' WHERE row = 2",
      'the outcome of row 2 is not',
    ],
    ['digests', "UPDATE outcome SET digests = '{}' WHERE row = 2", 'the outcome of row 2 is not'],
    [
      'the operation',
      "UPDATE outcome SET operation = 'delete_discount' WHERE row = 2",
      'the outcome of row 2 is not',
    ],
    [
      'what was not taken',
      "UPDATE outcome SET not_taken = 'name' WHERE row = 2",
      'the outcome of row 2 is not',
    ],
    ['the API message', "UPDATE outcome SET api_message = 'x' WHERE row = 2", 'the outcome of row 2 is not'],
    ['the time it took', 'UPDATE outcome SET latency_ms = 5.5 WHERE row = 2', 'the outcome of row 2 is not'],
  ])('is not opened if an outcome was changed: %s', async (_, statements, message) => {
    await damaged(statements)
    await expect(open()).rejects.toMatchObject(isDamaged(message))
    // Reports are refused as well.
    const reader = await store?.findRun('a')
    await expect(collected(reader?.outcomes() ?? noPages())).rejects.toMatchObject(isDamaged(message))
  })

  it.each([
    ['one is missing', 'DELETE FROM outcome WHERE row = 2'],
    [
      'one is there in place of another',
      `DELETE FROM outcome WHERE row = 2; UPDATE outcome SET run = 1 WHERE run = 2`,
    ],
    ['its count was changed', 'UPDATE run_progress SET settled = 4'],
    ['its checksum was changed', 'UPDATE run_progress SET checksum = checksum + 1'],
  ])('is not opened or read if its outcomes are not those that it has counted: %s', async (_, statements) => {
    await damaged('')
    store = await openSqliteStore(path)
    const second = await store.openRun(manifestOf('b'), openOptions)
    await second.recordOutcome(rowOutcome(9))
    await second.close()
    await close()
    edit(statements)
    const lost = isDamaged('it does not hold the outcomes that a run has counted')
    await expect(open()).rejects.toMatchObject(lost)
    const reader = await store?.findRun('a')
    await expect(collected(reader?.outcomes() ?? noPages())).rejects.toMatchObject(lost)
  })

  it.each([
    ['its fields', "UPDATE intent SET fields = 'email'", 'the intent of row 4 is not'],
    ['its time', 'UPDATE intent SET at = at - 1', 'the intent of row 4 is not'],
    ['its number', 'UPDATE intent SET number = 1', 'the intent of row 4 is not'],
  ])('is not opened if an intent was changed: %s', async (_, statements, message) => {
    await damaged(statements)
    await expect(open()).rejects.toMatchObject(isDamaged(message))
  })

  it('is free again after it was refused, and opens when the store is as it was', async () => {
    await damaged("UPDATE outcome SET message = 'changed' WHERE row = 2")
    await expect(open()).rejects.toMatchObject({ code: 'E_STORE_DAMAGED' })
    edit("UPDATE outcome SET message = '' WHERE row = 2")
    expect((await open()).settledRows.size).toBe(3)
  })

  it.each([
    ['of a kind that there is not', "UPDATE run SET kind = 'odd'", 'a run of a kind that there is not'],
    [
      'with the end of a finished one',
      'UPDATE run_progress SET finished_at = 1',
      'neither open nor finished',
    ],
    ['in a state that there is not', "UPDATE run_progress SET state = 'opem'", 'neither open nor finished'],
  ])('%s is damaged', async (_, statements, message) => {
    await damaged(statements)
    store = await openSqliteStore(path)
    await expect(store.runs()).rejects.toMatchObject(isDamaged(message))
    await expect(open()).rejects.toMatchObject(isDamaged(`the store ${path} is damaged`))
  })

  it.each([
    ['the value', "UPDATE run_note SET value = 'no' WHERE name = 'backup'", 'backup'],
    ['the name', "UPDATE run_note SET name = 'baclup' WHERE name = 'backup'", 'baclup'],
  ])('of which a note was changed does not go on: %s', async (_, statements, name) => {
    await (await open()).setNote('backup', 'yes')
    await close()
    await damaged(statements)
    await expect(open()).rejects.toMatchObject(isDamaged(`what it notes of a run (${name})`))
    const [reader] = (await store?.runs()) ?? []
    expect(() => reader?.stored.note(name)).toThrow('is not as it was written')
    expect(await store?.check(false)).toEqual(['run_note: 1 rows are not as they were written'])
  })

  it('goes on with notes of an earlier version, which have no checksum', async () => {
    await (await open()).setNote('backup', 'yes')
    await close()
    await damaged('UPDATE run_note SET checksum = NULL')
    expect((await open()).note('backup')).toBe('yes')
  })

  it('whose tables are not as they were is damaged', async () => {
    await damaged('ALTER TABLE run_progress RENAME started_at TO started_av')
    await expect((await open()).begin()).rejects.toMatchObject(isDamaged('no such column'))
  })

  it.each([
    ['what a customer held', `UPDATE before_image SET image = '{"name":"odd"}'`],
    ['whom it belongs to', "UPDATE before_image SET customer = 'cus_5'"],
    ['what a row wrote', `UPDATE before_write SET body = '{"name":"y"}'`],
  ])('is not rolled back if its before-images were changed: %s', async (_, statements) => {
    await damaged(statements)
    store = await openSqliteStore(path)
    const reader = await store.findRun('a')
    await expect(collected(reader?.beforeImages() ?? noPages())).rejects.toMatchObject(
      isDamaged('what row 4 has changed is not as it was written'),
    )
  })

  it('is rolled back with before-images of an earlier version, which have no checksum', async () => {
    await damaged('UPDATE before_image SET checksum = NULL; UPDATE before_write SET checksum = NULL')
    store = await openSqliteStore(path)
    const reader = await store.findRun('a')
    expect(await collected(reader?.beforeImages() ?? noPages())).toEqual([
      { customerId: 'cus_4', image: { name: 'old' }, writes: [{ row: 4, patch: { name: 'x' } }] },
    ])
    expect(await store.check(false)).toEqual([])
  })
})

describe('a store', () => {
  it.each([
    ['a number of commits that there is not', 'UPDATE store SET commits = -7', 'which store it is'],
    ['an identity that there is not', "UPDATE store SET identity = 'q'", 'which store it is'],
    ['the name of another program', 'PRAGMA application_id = 7', 'it does not say that it is one'],
  ])('with %s is damaged, also if it is accepted', async (_, statements, message) => {
    await damaged(statements)
    await expect(openSqliteStore(path, true)).rejects.toMatchObject(isDamaged(message))
  })
})

describe('field state', () => {
  it('that was changed counts as unknown: what adds up is read before it is sent, and all else is sent', async () => {
    await damaged(`UPDATE field_state SET fields = replace(fields, 'digest of name', 'digest of another')`)
    const found = await known()
    expect(found?.digests).toEqual({})
    expect(['addresses', 'coupon'].map((field) => found?.isUnknown(field))).toEqual([true, true])
  })

  it('that is not found of a customer who was sent addresses counts as unknown, not as never sent', async () => {
    const opened = await open()
    await opened.recordIntent(rowRequest(1, { addresses: [] }), openOptions.settleMs)
    await opened.recordOutcome(rowOutcome(1), { confirmed: { addresses: 'a1' } })
    await close()
    edit("UPDATE field_state SET customer = 'cus_5'")
    const [found, other] = [await known(), await known('cus_6')]
    expect([found?.isUnknown('addresses'), other?.isUnknown('addresses')]).toEqual([true, false])
  })

  it('that was changed is whole again when an outcome confirms it', async () => {
    await damaged(`UPDATE field_state SET checksum = checksum + 1`)
    const opened = await open()
    await opened.recordIntent(rowRequest(5), openOptions.settleMs)
    await opened.recordOutcome(rowOutcome(5), { confirmed: { name: 'n5' } })
    expect((await known())?.digests).toEqual({ name: 'n5' })
    expect(await store?.check(false)).toEqual([])
  })

  it('is kept in one transaction with the outcome that confirms it: neither without the other', async () => {
    const opened = await open()
    await opened.recordIntent(rowRequest(1), openOptions.settleMs)
    edit("CREATE TRIGGER full BEFORE INSERT ON outcome BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    const settled = opened.recordOutcome(rowOutcome(1), { confirmed: { name: 'n1' } })
    await expect(settled).rejects.toMatchObject({
      kind: 'LOCAL',
      message: expect.stringContaining('disk full'),
    })
    edit('DROP TRIGGER full')
    await close()
    const found = await known()
    expect([found?.digests, found?.isUnknown('name')]).toEqual([{}, true])
    expect((await open()).isInDoubt(1)).toBe(true)
  })
})

describe('a check', () => {
  it.each([
    ['an outcome', "UPDATE outcome SET message = 'x' WHERE row < 3", 'outcome: 2 rows'],
    ['an intent', "UPDATE intent SET fields = 'x'", 'intent: 1 rows'],
    ['a before-image', "UPDATE before_image SET image = '{}'", 'before_image: 1 rows'],
    ['what a row wrote', "UPDATE before_write SET body = '{}'", 'before_write: 1 rows'],
    ['a field state', "UPDATE field_state SET fields = '{}'", 'field_state: 1 rows'],
  ])('finds %s that is not as it was written', async (_, statements, found) => {
    await damaged(statements)
    store = await openSqliteStore(path)
    expect(await store.check(false)).toEqual([`${found} are not as they were written`])
  })

  it('finds one flipped bit in the outcomes of several pages', async () => {
    const opened = await open()
    await Promise.all(
      Array.from({ length: 2_100 }, (_, index) =>
        opened.recordOutcome(rowOutcome(index + 1, { message: `message ${index + 1};` })),
      ),
    )
    await close()
    const bytes = readFileSync(path)
    const flipped = bytes.indexOf('message 2050;') + 3
    bytes[flipped] = (bytes[flipped] ?? 0) ^ 1
    writeFileSync(path, bytes)
    store = await openSqliteStore(path)
    expect(await store.check(false)).toEqual(['outcome: 1 rows are not as they were written'])
  })

  it('finds a page that SQLite cannot follow', async () => {
    await damaged('')
    const bytes = readFileSync(path)
    const page = bytes.lastIndexOf('key 3') & ~4095
    bytes.fill(0, page, page + 4096)
    writeFileSync(path, bytes)
    store = await openSqliteStore(path)
    const problems = await store.check(false)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.join()).not.toContain('\n')
  })
})

async function* noPages(): AsyncGenerator<never> {}
