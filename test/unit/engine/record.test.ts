import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  keepEnding,
  keepRecord,
  keepScan,
  readEnding,
  readRecord,
  recallScan,
} from '../../../src/engine/record.ts'
import { BulkUpdateError } from '../../../src/model/errors.ts'
import type { Scan } from '../../../src/model/scan.ts'
import type { Run, RunManifest, Store, StoredRun } from '../../../src/model/store.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { manifestOf, openOptions } from '../../support/stored-run.ts'

const found: Scan = {
  rows: 9,
  calls: 6,
  unchanged: 1,
  invalid: 2,
  customers: 5,
  repeatedCustomers: 1,
  duplicateRows: 2,
  set: new Map([['name', 6]]),
  cleared: new Map([['email', 3]]),
  findings: [
    { code: 'E_ID', field: 'customer', message: 'not a customer id', rows: 2, firstRow: 3, firstLine: 4 },
  ],
  warnings: [],
}

let directory = ''
let store: Store
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'run-'))
  store = await openSqliteStore(join(directory, 'store.db'))
})
afterEach(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

/** A run after a session that did this. */
async function begun(
  session: (run: Run) => unknown,
  changes: Partial<RunManifest> = {},
): Promise<StoredRun | undefined> {
  const run = await store.openRun(manifestOf('a', changes), openOptions)
  await session(run)
  await run.close()
  return (await store.findRun('a'))?.stored
}

describe('the scan of a run', () => {
  const { host, account, facts: own } = manifestOf('a')
  const facts = { ...own, host, account }

  it('is recalled as it was while the run is open', async () => {
    expect(recallScan(await begun((run) => keepScan(run, found)), facts)).toEqual(found)
  })

  it.each([...Object.keys(facts), 'plan'])('is not recalled for another %s', async (name) => {
    const stored = await begun((run) => keepScan(run, found))
    expect(recallScan(stored, { ...facts, [name]: 'another' })).toBeUndefined()
  })

  it('is not recalled of a run that has finished, of one that kept none, or of none', async () => {
    expect(recallScan(undefined, facts)).toBeUndefined()
    expect(recallScan(await begun(() => {}), facts)).toBeUndefined()
    const finished = await begun(async (run) => {
      await keepScan(run, found)
      await run.finish()
    })
    expect(recallScan(finished, facts)).toBeUndefined()
  })

  it.each(['', '{', '{"rows":9}', '[]'])('is not recalled from a note that is %j', async (note) => {
    expect(recallScan(await begun((run) => run.setNote('scan', note)), facts)).toBeUndefined()
  })
})

describe('the record of a run', () => {
  const record = {
    options: { input: '/in/crm.csv', blank: 'keep' },
    format: 'csv',
    bytes: 100,
    rows: 9,
    calls: 6,
    redo: { parent: 'first', isMended: true },
  } as const

  it('says how it was begun', async () => {
    const stored = await begun((run) => keepRecord(run, record, () => 'signature'))
    expect(stored && readRecord(stored)).toMatchObject(record)
  })

  it.each(['', '\n{', '\n{"options":{}}', `\n${JSON.stringify({ ...record, redo: { parent: 1 } })}`])(
    'is none if it is %j',
    async (note) => {
      const stored = await begun((run) => run.setNote('record', note))
      expect(stored && readRecord(stored)).toBeUndefined()
    },
  )

  it('forgets what stopped the session before', async () => {
    const stopped = new BulkUpdateError('E_MAX_ERRORS', 'too many', 'Look.')
    const ended = await begun((run) => keepEnding(run, stopped))
    const { code, exitCode } = stopped
    expect(ended && readEnding(ended)).toEqual({ code, exitCode })
    const next = await begun((run) => keepRecord(run, record, () => 'signature'))
    expect(next && readEnding(next)).toBeUndefined()
  })
})
