/** The samples are the first thing that anybody runs: they do what their README says. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { customerFields } from '../src/rapyd/customer-fields.ts'
import { folderHere } from './support/command-here.ts'
import type { Folder } from './support/command.ts'
import { briefOf, preparedRows } from './support/prepared.ts'

const sample = (name: string) => join(import.meta.dirname, '..', 'samples', name)
const documented = 'cus_d3ed65d5091a8398cc3651bcedec1201'

describe('the samples on the embedded simulator', () => {
  let folder: Folder
  beforeEach(() => {
    folder = folderHere()
  })
  afterEach(() => folder.remove())

  it.each([
    ['first.csv', 0, { updated: 3 }],
    ['first.ndjson', 0, { updated: 16 }],
    ['crm-export.csv', 1, { updated: 194, invalid: 6 }],
    ['crm-export.ndjson', 1, { updated: 194, invalid: 6 }],
  ])('%s ends with exit code %i and %j', async (name, exitCode, outcomes) => {
    const args = ['--env', 'simulator', '--rate', '400/1s', '--json']
    const { code, stdout } = await folder.run(['update', sample(name), ...args])
    const none = {
      updated: 0,
      unchanged: 0,
      invalid: 0,
      rejected: 0,
      failed: 0,
      unknown: 0,
      not_attempted: 0,
    }
    expect(code).toBe(exitCode)
    expect(JSON.parse(stdout)).toMatchObject({
      outcomes: { ...none, ...outcomes },
      rate_limited: 0,
      retries: {},
    })
  })
})

describe('first.ndjson', () => {
  it('begins with the two calls of the documentation, and ends with a clear', async () => {
    const calls = (await preparedRows({ input: sample('first.ndjson') })).map(briefOf)
    expect(calls.slice(0, 2)).toEqual([
      [documented, { default_payment_method: 'card_0ef22c3b9fa5991a4da957d3dcee2e7b' }],
      [documented, { coupon: 'coupon_78a69ea113bccfc8a186061e0b96336d' }],
    ])
    expect(calls.at(-1)).toEqual([documented, { description: '' }])
  })

  it('sets every field that Update Customer takes, one a row', async () => {
    const fields = (await preparedRows({ input: sample('first.ndjson') })).map(({ fields: names }) => names)
    expect(fields.slice(0, -1).toSorted()).toEqual(customerFields.map(({ name }) => name).toSorted())
  })
})

describe('first.csv', () => {
  it('names every field in every row and clears one alone', async () => {
    const rows = await preparedRows({ input: sample('first.csv') })
    expect(rows.map(({ cleared }) => cleared)).toEqual(['', '', 'description'])
    for (const row of rows) {
      const named = new Set(row.fields.split(';').map((path) => path.replace(/[.[].*/, '')))
      expect([...named].toSorted()).toEqual(customerFields.map(({ name }) => name).toSorted())
    }
    expect(new Set(rows.map(({ customerId }) => customerId)).size).toBe(rows.length)
  })
})

describe('crm-export.ndjson', () => {
  it('asks for the same calls as crm-export.csv, row by row', async () => {
    const csv = (await preparedRows({ input: sample('crm-export.csv') })).map(briefOf)
    const ndjson = (await preparedRows({ input: sample('crm-export.ndjson') })).map(briefOf)
    expect(csv).toHaveLength(200)
    const cutOff = csv.findIndex(([, code]) => code === 'E_COLUMNS')
    expect(cutOff).toBe(133)
    expect(ndjson).toEqual(csv.with(cutOff, ['invalid', 'E_JSON']))
  })
})
