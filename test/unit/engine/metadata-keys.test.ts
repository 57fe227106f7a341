import { expect, it } from 'vitest'
import { priceOfKeys, readsPerCall } from '../../../src/engine/metadata-keys.ts'
import type { Scan } from '../../../src/model/scan.ts'

const found: Scan = {
  rows: 100,
  calls: 80,
  unchanged: 20,
  invalid: 0,
  customers: 100,
  repeatedCustomers: 0,
  duplicateRows: 0,
  metadataRows: 40,
  set: new Map(),
  cleared: new Map(),
  findings: [],
  warnings: [],
}
const windows = [{ limit: 60, perMs: 60_000 }]

it('reads are those of rows with metadata, also of what is left of them', () => {
  expect([readsPerCall(found, 'all'), readsPerCall(found, 'own')]).toEqual([0.5, 0])
  expect(readsPerCall({ ...found, calls: 20, leftOut: 60 }, 'all')).toBe(0.5)
  expect(readsPerCall({ ...found, calls: 0 }, 'all')).toBe(0)
})

it('the price of a run counts them, and is in its time', () => {
  const all = priceOfKeys(found, 'all', { limit: undefined, windows })
  expect(all).toMatchObject({ rows: 40, calls: 80 })
  // 120 requests: the last of them waits for a whole window.
  expect(Math.round((all?.etaMs ?? 0) / 60_000)).toBe(1)
  expect(priceOfKeys(found, 'all', { limit: 10, windows })).toMatchObject({ rows: 5, calls: 10 })
  expect(priceOfKeys(found, 'own', { limit: undefined, windows })).toBeUndefined()
})
