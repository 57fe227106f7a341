/**
 * What runs of earlier versions were bound to and have sent: run ids (which hold the digests of input and mapping), idempotency
 * keys and the bytes of bodies. They never change: a run that was begun goes on, and a key that was sent is the same key, only
 * while they are the same byte for byte.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bulkUpdate, createSimulator, type BulkUpdateOptions, type Simulator } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

const csv = `customer,name,E-Mail,metadata.tier,addresses[0].line_1
${id(1)},"Zoë ""Z"" Groß",z@example.com,gold,Main 1
${id(2)},,,,
${id(3)},李雷,l@example.com,,
`
const mapped = `Rapyd ID,Full Name,Mail,Mobile,Tier
${id(1)},Zoë Groß, Z@Example.com ,(415) 555-0100,5
${id(2)},,,,
`
const mapping = `customer: Rapyd ID
columns:
  Full Name: [name, 'addresses[0].name']
  Mail: { field: email, transform: [trim, lowercase], blank: keep }
  Mobile: { field: phone_number, transform: { phone: US } }
  Tier: { field: metadata.tier, transform: number }
constants: { invoice_prefix: ACME- }
`
const ndjson = `{"customer":"${id(1)}","name":"Zoë","metadata":{"b":1,"a":["x",null]},"email":null}
{"customer":"${id(2)}","addresses":[{"city":"Ulm","country":"DE"}]}
`

let folder: Folder
let simulator: Simulator
beforeEach(async () => {
  folder = freshFolder()
  folder.write('crm.csv', csv)
  folder.write('mapped.csv', mapped)
  folder.write('map.yaml', mapping)
  folder.write('crm.ndjson', ndjson)
  simulator = await createSimulator({ windows: [] })
})
afterEach(async () => {
  await simulator.close()
  folder.remove()
})

type Options = Omit<BulkUpdateOptions, 'input'>
const path = (name: string) => join(folder.path, name)

/** The id of the run that the embedded simulator gets, and the idempotency keys of its rows. */
async function identityOf(input: string, options: Options = {}) {
  const keys: string[] = []
  const { summary } = await bulkUpdate({
    input: path(input),
    env: 'simulator',
    rate: 'none',
    maxClears: '100%',
    metadataKeys: 'own',
    runsDir: path('rapyd-runs'),
    stateDir: path('.state'),
    ...options,
    onOutcome: ({ row, idempotencyKey }) => void (keys[row - 1] = idempotencyKey),
  })
  return [summary.run_id, ...keys]
}

/** The bodies that go to another simulator, in the order of the rows. */
async function bodiesOf(input: string, options: Options = {}) {
  const { accessKey, secretKey, url: baseUrl } = simulator
  const sender = {
    accessKey,
    secretKey,
    baseUrl,
    rate: 'none',
    concurrency: 1,
    maxClears: '100%',
    metadataKeys: 'own',
  } as const
  const before = simulator.calls.length
  await bulkUpdate({
    ...sender,
    input: path(input),
    runsDir: path('sent'),
    stateDir: path('.state'),
    ...options,
  })
  return simulator.calls
    .slice(before)
    .filter(({ method }) => method === 'POST')
    .toSorted((one, other) => one.customerId.localeCompare(other.customerId))
    .map(({ body }) => body)
}

it('run ids and idempotency keys are what they have always been', async () => {
  expect(await identityOf('crm.csv')).toMatchInlineSnapshot(`
    [
      "crm-d0091b93c5",
      "069c884ab14eae357e8a00194153fb1d",
      "dd9c547dda1e284aa8f916d4af1b4062",
      "5054347fee7c26287e45174352b10386",
    ]
  `)
  expect(await identityOf('crm.ndjson')).toMatchInlineSnapshot(`
    [
      "crm-eb1f414b13",
      "7058184f00d664f82a70bb4f8f063830",
      "b80b9867feae7f93d101f515e6cfd9ba",
    ]
  `)
  expect(await identityOf('mapped.csv', { map: path('map.yaml') })).toMatchInlineSnapshot(`
    [
      "mapped-373ba7f78f",
      "e9b96444d21e90ee284ad59803029c5e",
      "ab3c8149ba3a04b262c7038a788b22b3",
    ]
  `)
  const ids = async (options: Options) => (await identityOf('crm.csv', options))[0]
  expect([
    await ids({ blank: 'clear', duplicates: 'sequence' }),
    await ids({ blank: 'keep' }),
    await ids({ ignoreColumns: ['name', 'E-Mail'] }),
    await ids({ nullValues: ['-'], literals: ['NULL'] }),
    await ids({ format: 'csv', delimiter: ',' }),
    await ids({ duplicates: 'merge' }),
    // Where a file is, how fast it is sent and what is checked first are no part of what a run is.
    await ids({ concurrency: 3, limit: 2, readBack: false, maxErrors: '5' }),
  ]).toMatchInlineSnapshot(`
    [
      "crm-d0091b93c5",
      "crm-cb28ae115a",
      "crm-448cdc8b2b",
      "crm-20fb11471e",
      "crm-c3d0ee7f26",
      "crm-c630245e93",
      "crm-d0091b93c5",
    ]
  `)
})

it('bodies are what they have always been, byte for byte', async () => {
  expect(await bodiesOf('crm.csv')).toMatchInlineSnapshot(`
    [
      "{"name":"Zoë \\"Z\\" Groß","email":"z@example.com","metadata":{"tier":"gold"},"addresses":[{"line_1":"Main 1"}]}",
      "{"name":"","email":"","metadata":{"tier":""}}",
      "{"name":"李雷","email":"l@example.com","metadata":{"tier":""}}",
    ]
  `)
  expect(await bodiesOf('crm.csv', { blank: 'keep', newRun: true })).toMatchInlineSnapshot(`
    [
      "{"name":"Zoë \\"Z\\" Groß","email":"z@example.com","metadata":{"tier":"gold"},"addresses":[{"line_1":"Main 1"}]}",
      "{"name":"李雷","email":"l@example.com"}",
    ]
  `)
  expect(await bodiesOf('crm.ndjson')).toMatchInlineSnapshot(`
    [
      "{"name":"Zoë","metadata":{"b":1,"a":["x",null]},"email":""}",
      "{"addresses":[{"city":"Ulm","country":"DE"}]}",
    ]
  `)
  expect(await bodiesOf('mapped.csv', { map: path('map.yaml') })).toMatchInlineSnapshot(`
    [
      "{"name":"Zoë Groß","addresses":[{"name":"Zoë Groß"}],"email":"z@example.com","phone_number":"+14155550100","metadata":{"tier":5},"invoice_prefix":"ACME-"}",
      "{"name":"","phone_number":"","metadata":{"tier":""},"invoice_prefix":"ACME-"}",
    ]
  `)
})
