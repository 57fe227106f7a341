/** A plan is checked when it is opened, and read again while it is applied. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createHeadDigest, planVersion } from '../../../src/engine/plan-format.ts'
import { openPlan, type SavedPlan } from '../../../src/engine/plan-source.ts'

const facts = {
  rapyd_bulk_plan: planVersion,
  version: '1.0.0',
  created_at: '2026-01-01T00:00:00.000Z',
  input: { path: '/crm.csv', sha256: 'a'.repeat(64) },
  mapping_sha256: 'b'.repeat(64),
  host: 'sandboxapi.rapyd.net',
  account: '0123456789ab',
  options: {},
  reads: { customers: 3, single: 3, pages: 0, began_at: '2026-01-01T00:00:00.000Z' },
}
const counts = {
  rows: 3,
  changes: { update: 3, unchanged: 0, missing: 0, unreadable: 0, invalid: 0 },
  fields: { name: 3 },
  clears: {},
}
const line = (row: number) => {
  const fields = { name: { before: 'A', after: 'B' } }
  const change = { change: 'update', fields, clears: [], patch: { name: 'B' }, paths: ['name'] }
  return `${JSON.stringify({ row, line: row + 1, offset: row, length: 1, customer: `cus_${row}`, ...change })}\n`
}

let folder = ''
let path = ''
let plan: SavedPlan
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plan-'))
  path = join(folder, 'plan.ndjson')
  const digest = createHeadDigest()
  const lines = [1, 2, 3].map(line)
  for (const each of lines) digest.add(each)
  const head = JSON.stringify({ ...digest.head(facts, counts), signature: 's' })
  writeFileSync(path, `${head}\n${lines.join('')}`)
  plan = await openPlan(path)
})
afterEach(async () => {
  await plan.close()
  rmSync(folder, { recursive: true })
})

async function rowsRead(from?: number): Promise<readonly number[]> {
  const rows: number[] = []
  for await (const batch of plan.rows(from)) rows.push(...batch.map(({ row }) => row))
  return rows
}

it('gives its rows from any of them on', async () => {
  expect(await rowsRead()).toEqual([1, 2, 3])
  expect(await rowsRead(2)).toEqual([2, 3])
  expect(await plan.before(2)).toEqual({ name: 'A' })
})

it.each([
  ['another value', (text: string) => text.replace('"patch":{"name":"B"}', '"patch":{"name":"X"}')],
  ['a row less', (text: string) => text.slice(0, text.lastIndexOf('{"row":3'))],
  ['a row more', (text: string) => text + line(4)],
])('gives none that was edited after it was checked: %s', async (_what, edit) => {
  writeFileSync(path, edit(readFileSync(path, 'utf8')))
  await expect(rowsRead()).rejects.toMatchObject({ code: 'E_PLAN_CHANGED' })
})
