import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Scan } from '../../../src/model/scan.ts'
import { recallScan, rememberScan } from '../../../src/engine/record.ts'
import { bind } from '../../../src/engine/identity.ts'
import { openJournal } from '../../../src/store/journal.ts'

const facts = { input: 'digest', host: 'host', account: 'account', mapping: 'mapping' }
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
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'run-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function begin(state?: string): void {
  const journal = openJournal(join(directory, 'journal.db'), 4)
  bind(journal, facts)
  rememberScan(journal, found)
  if (state !== undefined) journal.set('state', state)
  journal.close()
}

it('the scan of an open run is recalled as it was', () => {
  begin()
  expect(recallScan(directory, facts)).toEqual(found)
})

it.each(Object.keys(facts))('nothing is recalled for another %s', (name) => {
  begin()
  expect(recallScan(directory, { ...facts, [name]: 'another' })).toBeUndefined()
})

it('nothing is recalled of a finished run, of none, or from what is no journal', () => {
  expect(recallScan(directory, facts)).toBeUndefined()
  writeFileSync(join(directory, 'journal.db'), 'not a database')
  expect(recallScan(directory, facts)).toBeUndefined()
  rmSync(join(directory, 'journal.db'))
  begin('finished')
  expect(recallScan(directory, facts)).toBeUndefined()
})
