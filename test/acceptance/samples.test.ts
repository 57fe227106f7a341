/** The samples are the first thing that anybody runs: they do what their README says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, createSimulator, type Simulator } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const sample = (name: string) => join(import.meta.dirname, '..', '..', 'samples', name)
const documented = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const customerFields = [
  'addresses',
  'birth_country',
  'business_vat_id',
  'coupon',
  'date_of_birth',
  'default_payment_method',
  'description',
  'email',
  'ewallet',
  'invoice_prefix',
  'metadata',
  'name',
  'nationality',
  'occupation',
  'phone_number',
]

let folder: Folder
let simulator: Simulator
beforeEach(async () => {
  folder = freshFolder()
  simulator = await createSimulator({ windows: [] })
})
afterEach(async () => {
  await simulator.close()
  folder.remove()
})

/** What a sample asks of the API: its rows as in `results`, and the calls that were made, in the order of the rows. */
async function sent(name: string) {
  const { accessKey, secretKey, url: baseUrl } = simulator
  const keys = { accessKey, secretKey, baseUrl, rate: 'none', concurrency: 1, metadataKeys: 'own' } as const
  // Two samples ask for the same, so the second would add the addresses again.
  const { directory, exitCode } = await bulkUpdate({
    ...keys,
    input: sample(name),
    runsDir: join(folder.path, name),
    stateDir: join(folder.path, '.state'),
    allowRepeat: true,
  })
  const rows: Record<string, string>[] = parse(readFileSync(join(directory, 'results.csv'), 'utf8'), {
    columns: true,
  })
  const calls = simulator.calls
    .filter(({ method }) => method === 'POST')
    .map(({ customerId, body }) => [customerId, JSON.parse(body)] as const)
  return { rows, calls, exitCode }
}

describe('the samples on the embedded simulator', () => {
  it.each([
    ['first.csv', 0, { updated: 3 }],
    ['crm-export.csv', 1, { updated: 194, invalid: 6 }],
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

it('first.ndjson begins with the two calls of the documentation, sets every field, and ends with a clear', async () => {
  const { rows, calls, exitCode } = await sent('first.ndjson')
  expect(exitCode).toBe(0)
  expect(calls.slice(0, 2)).toEqual([
    [documented, { default_payment_method: 'card_0ef22c3b9fa5991a4da957d3dcee2e7b' }],
    [documented, { coupon: 'coupon_78a69ea113bccfc8a186061e0b96336d' }],
  ])
  expect(calls.at(-1)).toEqual([documented, { description: '' }])
  expect(
    calls
      .slice(0, -1)
      .flatMap(([, body]) => Object.keys(body))
      .toSorted(),
  ).toEqual(customerFields)
  expect(rows).toHaveLength(customerFields.length + 1)
})

it('first.csv names every field in every row, and clears one alone', async () => {
  const { rows, calls, exitCode } = await sent('first.csv')
  expect(exitCode).toBe(0)
  for (const [, body] of calls) expect(Object.keys(body).toSorted()).toEqual(customerFields)
  expect(
    calls.map(([, body]) => Object.entries(body).flatMap(([name, value]) => (value === '' ? name : []))),
  ).toEqual([[], [], ['description']])
  expect(new Set(rows.map((row) => row['customer_id'])).size).toBe(rows.length)
})

it('crm-export.ndjson asks for the same calls as crm-export.csv, row by row', async () => {
  const csv = await sent('crm-export.csv')

  const ndjson = await sent('crm-export.ndjson')
  expect(csv.calls).toHaveLength(194)
  expect(ndjson.calls.slice(csv.calls.length)).toEqual(csv.calls)
  const codes = (rows: typeof csv.rows) => rows.map((row) => row['error_code'])
  const cutOff = codes(csv.rows).indexOf('E_COLUMNS')
  expect(cutOff).toBe(133)
  expect(codes(ndjson.rows)).toEqual(codes(csv.rows).with(cutOff, 'E_JSON'))
})

it('samples and docs give a run the same minute to stop, twice what an attempt may take', () => {
  const files = [
    'samples/docker/Dockerfile',
    'samples/docker/compose.yaml',
    'docs/production.md',
    'docs/nightly-sync.md',
  ]
  const period =
    /(?:--stop-timeout |stop_grace_period: |terminationGracePeriodSeconds: |TimeoutStopSec=)(\d+)/g
  const given = files.map((name) =>
    Array.from(readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8').matchAll(period)),
  )
  expect(given.map((found) => found.length)).toEqual([1, 1, 4, 2])
  expect(new Set(given.flat().map(([, seconds]) => seconds))).toEqual(new Set(['60']))
})
