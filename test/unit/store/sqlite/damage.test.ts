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

/** Rows 1 to 3 with outcomes, row 4 in doubt; and a damage. */
async function damaged(statements: string): Promise<void> {
  const opened = await open()
  for (const row of [1, 2, 3]) {
    const { sends } = rowRequest(row)
    await opened.recordIntent(rowRequest(row), openOptions.settleMs)
    await opened.recordOutcome(rowOutcome(row), { confirmed: { name: `digest of ${sends.join()}` } })
  }
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
  ])('is not opened if its outcomes are not those that it has counted: %s', async (_, statements) => {
    await damaged('')
    store = await openSqliteStore(path)
    const second = await store.openRun(manifestOf('b'), openOptions)
    await second.recordOutcome(rowOutcome(9))
    await second.close()
    await close()
    edit(statements)
    await expect(open()).rejects.toMatchObject(
      isDamaged('it does not hold the outcomes that a run has counted'),
    )
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

  it('of a kind that there is not is damaged', async () => {
    await damaged("UPDATE run SET kind = 'odd'")
    store = await openSqliteStore(path)
    await expect(store.runs()).rejects.toMatchObject(isDamaged('a run of a kind that there is not'))
  })
})

describe('field state', () => {
  it('that was changed counts as unknown: what adds up is read before it is sent, and all else is sent', async () => {
    await damaged(`UPDATE field_state SET fields = replace(fields, 'digest of name', 'digest of another')`)
    const found = await known()
    expect(found?.digests).toEqual({})
    expect(['addresses', 'coupon'].map((field) => found?.isUnknown(field))).toEqual([true, true])
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
      code: 'E_STORE',
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
