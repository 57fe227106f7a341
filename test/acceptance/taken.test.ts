/** A `200 SUCCESS` is compared with what was sent: what Rapyd did not take is not called updated, and what it took is not lost. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, redo, rollback, verify, type UpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'
import { optionsOf, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (row: number) => `cus_${String(row).padStart(32, '0')}`
const without = (fields: Readonly<Record<string, unknown>>, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

let server: RapydServer
let folder: Folder
beforeEach(async () => {
  server = await startRapydServer()
  folder = freshFolder()
})
afterEach(async () => {
  expect(server.broken).toEqual([])
  folder.remove()
  await server.close()
})

const all = () => optionsOf(server, folder)

function send(rows: readonly object[], options: Partial<UpdateOptions> = {}) {
  folder.write('crm.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const input = join(folder.path, 'crm.ndjson')
  return bulkUpdate({ ...all(), input, maxClears: '100%', concurrency: 1, ...options })
}

const resultsOf = (directory: string): Record<string, string>[] =>
  parse(readFileSync(join(directory, 'results.csv')), { columns: true })
const endings = (directory: string) =>
  resultsOf(directory).map((row) =>
    [row['outcome'], row['error_code'], row['fields'], row['cleared'], row['not_taken']].join(' ').trim(),
  )
const bodies = () => server.updates.map(({ body }): unknown => JSON.parse(body))
const people = (count: number) =>
  Array.from({ length: count }, (_, row) => ({
    customer: id(row + 1),
    name: `N${row + 1}`,
    description: `D${row + 1}`,
  }))

describe('a server that ignores a field', () => {
  beforeEach(() => {
    server.take = (patch, held) => ({ ...patch, description: held['description'] ?? '' })
  })

  it('makes rows rejected in part, and later rows of the customer go on', async () => {
    const rows = [...people(2), { customer: id(1), name: 'Later' }]
    const { exitCode, directory, summary } = await send(rows)
    expect([exitCode, endings(directory)]).toEqual([
      1,
      [
        'rejected E_NOT_TAKEN name;description  description',
        'rejected E_NOT_TAKEN name;description  description',
        'updated  name',
      ],
    ])
    expect(summary).toMatchObject({ outcomes: { rejected: 2, updated: 1 }, unproved: {} })
    expect(summary.errors[0]).toMatchObject({ code: 'E_NOT_TAKEN', field: 'description', count: 2 })
    // One reading decides for the run.
    expect(server.reads.filter((read) => read !== '')).toEqual([id(1)])
  })

  it('stops the run after ten rows, and it goes on only with --accept-not-taken', async () => {
    const first = await send(people(40))
    const sent = server.updates.length
    expect([first.exitCode, first.stopped?.code]).toEqual([5, 'E_NOT_TAKEN'])
    // What is in flight when the tenth answer comes is not called back.
    expect([10, 11, 12]).toContain(sent)
    expect(first.stopped?.remedy).toContain('--accept-not-taken description')
    const again = await send(people(40))
    expect([again.exitCode, again.stopped?.code, server.updates.length]).toEqual([5, 'E_NOT_TAKEN', sent])
    const { exitCode, summary, isFinished } = await send(people(40), { acceptNotTaken: ['description'] })
    expect([exitCode, isFinished, server.updates.length]).toEqual([1, true, 40])
    expect(summary).toMatchObject({
      outcomes: { rejected: sent, updated: 40 - sent },
      unproved: { description: 40 - sent },
    })
  })

  it('goes on if one of the first ten answers has the value', async () => {
    server.take = (patch, held) => ({
      ...patch,
      description: held['description'] ?? (patch['name'] === 'N3' ? 'D3' : ''),
    })
    const { exitCode, summary } = await send(people(15), { maxErrors: '100%' })
    expect([exitCode, summary.outcomes.rejected, summary.outcomes.updated]).toEqual([1, 14, 1])
  })

  it('lets redo send, verify check and rollback put back only what each concerns', async () => {
    await send([{ customer: id(1), name: 'Before' }])
    const { summary, directory } = await send(people(1), { backup: true })
    const run = summary.run_id
    expect(await verify({ ...all(), run })).toMatchObject({ fields: { name: { differ: 0 } }, different: 0 })
    server.updates.length = 0
    const put = await rollback({ ...all(), run })
    expect([bodies(), server.customer(id(1))]).toEqual([
      [{ name: 'Before' }],
      { name: 'Before', description: '' },
    ])
    expect('summary' in put && put.summary.rollback).toMatchObject({ restored: { name: 1 } })
    server.updates.length = 0
    await redo({ ...all(), run })
    await redo({ ...all(), run, from: join(directory, 'errors.ndjson') })
    expect(bodies()).toEqual([{ description: 'D1' }, { description: 'D1' }])
  })

  it('does not redo a row after a later one of its customer was taken in part', async () => {
    const rows = [
      { customer: id(1), name: 'A', description: 'D' },
      { customer: id(1), name: 'B', description: 'E' },
    ]
    const { summary } = await send(rows)
    server.updates.length = 0
    const again = await redo({ ...all(), run: summary.run_id })
    expect(bodies()).toEqual([{ description: 'E' }])
    expect('directory' in again && endings(again.directory)).toEqual([
      'unchanged',
      'rejected E_NOT_TAKEN description  description',
    ])
  })

  it('sends it again every night with --only-changed, and nothing else', async () => {
    await send(people(2), { onlyChanged: true })
    server.updates.length = 0
    await send(people(2), { onlyChanged: true, newRun: true })
    expect(bodies()).toEqual([{ description: 'D1' }, { description: 'D2' }])
  })

  it('is believed at its answer with --no-read-back', async () => {
    const { directory } = await send(people(1), { readBack: false })
    expect(endings(directory)).toEqual(['rejected E_NOT_TAKEN name;description  description'])
    expect(server.reads.filter((read) => read !== '')).toEqual([])
  })

  it('is not taken for one that refused, if an attempt before had no answer', async () => {
    let attempts = 0
    server.answer = () => (++attempts === 1 ? 'cut_before' : undefined)
    const { directory } = await send(people(1))
    expect(endings(directory)).toEqual(['rejected E_NOT_TAKEN name;description  description'])
  })
})

describe('a server', () => {
  it('that ignores blanks has not cleared a field that holds a value', async () => {
    await send([{ customer: id(1), name: 'A', email: 'a@example.com' }])
    server.take = (patch) => Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== ''))
    const { directory, summary } = await send([
      { customer: id(1), name: 'B', email: '', description: '' },
      { customer: id(2), name: 'C', email: '' },
    ])
    expect(endings(directory)).toEqual([
      'rejected E_NOT_CLEARED name;email;description email;description email',
      'updated  name;email email',
    ])
    expect(summary.cleared).toEqual({ email: 1, description: 1 })
  })

  it('that ignores one key of metadata has taken the others', async () => {
    await send([{ customer: id(1), metadata: { tier: 'silver', vip: 'no' } }])
    server.take = ({ metadata, ...patch }, held) => ({
      ...patch,
      metadata: { ...Object(metadata), tier: Object(held['metadata']).tier },
    })
    const { summary, directory } = await send(
      [{ customer: id(1), 'metadata.tier': 'gold', 'metadata.vip': 'yes' }],
      { backup: true },
    )
    expect(endings(directory)).toEqual(['rejected E_NOT_TAKEN metadata.tier;metadata.vip  metadata.tier'])
    expect(await verify({ ...all(), run: summary.run_id })).toMatchObject({ different: 0, checked: 1 })
    server.updates.length = 0
    await redo({ ...all(), run: summary.run_id })
    expect(bodies()).toEqual([{ metadata: { tier: 'gold', vip: 'yes' } }])
  })

  it('whose answers show an old value is read once, and the field is unproved', async () => {
    server.show = (customer) => ({ ...customer, description: 'of old' })
    const { exitCode, summary } = await send(people(12))
    expect([exitCode, summary.unproved]).toEqual([0, { description: 12 }])
    expect(server.reads.filter((read) => read !== '')).toEqual([id(1)])
  })

  it('that does not show a field leaves it unproved, and it is not sent every night', async () => {
    server.show = (customer) => without(customer, 'description')
    const first = await send(people(3), { onlyChanged: true })
    expect([first.exitCode, first.summary.unproved]).toEqual([0, { description: 3 }])
    expect(server.reads.filter((read) => read !== '')).toEqual([])
    await send(people(3), { onlyChanged: true, newRun: true })
    expect(server.updates).toHaveLength(3)
  })

  it('that writes values in its own way has taken them', async () => {
    server.show = (customer) => ({
      ...customer,
      name: String(customer['name']).normalize('NFD'),
      email: String(customer['email']).toUpperCase(),
      phone_number: String(customer['phone_number']).slice(1),
      description: `${String(customer['description'])} `,
      metadata: { ...Object(customer['metadata']), tier: 5, older: true },
      addresses: [{ name: 'Old' }, { ...Object(customer['addresses'])[0], id: 'address_1', line_2: '' }],
      discount: { id: 'dis_1', coupon: { id: customer['coupon'] } },
    })
    const row = {
      customer: id(1),
      name: 'Zo\u00eb',
      email: 'zoe@example.com',
      phone_number: '+14155550100',
      description: 'text',
      metadata: { tier: '5', list: [1, { a: 2 }] },
      addresses: [{ name: 'Zo\u00eb', line_1: 'Main 1', phone_number: '+14155550100' }],
      coupon: 'SPRING',
    }
    const { exitCode, summary } = await send([row])
    expect([exitCode, summary.unproved]).toEqual([0, {}])
    // It is read before it is sent, for its metadata.
    expect(server.reads.filter((read) => read !== '')).toEqual([id(1)])
  })
})

describe('the words of Rapyd', () => {
  it('are kept without the keys, whichever of them a server repeats', async () => {
    const { RAPYD_ACCESS_KEY: accessKey, RAPYD_SECRET_KEY: secretKey } = server.keys
    const status = { status: 'ERROR', error_code: 'ERROR_X', message: accessKey, operation_id: secretKey }
    server.answer = () => ({ status: 400, body: JSON.stringify({ status }) })
    const { directory } = await send(people(1))
    for (const name of ['results.csv', 'errors.ndjson']) {
      const text = readFileSync(join(directory, name), 'utf8')
      expect(text).not.toContain(accessKey)
      expect(text).not.toContain(secretKey)
    }
  })

  it('are in errors and nowhere else, but with --include-values in the report', async () => {
    const words = 'The value jane@example.com is\nnot known'
    server.answer = () => ({
      status: 400,
      body: JSON.stringify({
        status: {
          error_code: 'ERROR_CUSTOMER_DATA_MISSING - [EMAIL, PHONE_NUMBER]',
          status: 'ERROR',
          message: words,
          response_code: '',
          operation_id: 'op',
        },
      }),
    })
    const { directory, summary } = await send(people(1))
    const read = (name: string) => readFileSync(join(directory, name), 'utf8')
    expect(read('errors.ndjson')).toContain(
      'Rapyd answered ERROR_CUSTOMER_DATA_MISSING: The value jane@example.com is\\\\nnot known',
    )
    expect(resultsOf(directory)[0]).toMatchObject({ error_field: 'email;phone_number' })
    expect(summary.errors[0]?.tip).toContain('lacks data')
    for (const name of ['results.csv', 'summary.json', 'report.html', 'run.log'])
      expect(read(name)).not.toContain('jane')
    const shown = await send(people(1), { newRun: true, includeValues: true })
    expect(readFileSync(join(shown.directory, 'report.html'), 'utf8')).toContain('jane@example.com')
  })
})

it('says before sending and in the summary which fields are cleared', async () => {
  folder.write('crm.csv', `customer,name,email\n${id(1)},Jo,\n${id(2)},,\n${id(3)},Ana,a@example.com\n`)
  const args = ['update', 'crm.csv', '--env', 'simulator', '--max-clears', '100%']
  const { code, stdout, stderr } = await folder.run(args)
  expect([code, stderr]).toEqual([0, expect.stringContaining('Fields to clear: email 2, name 1\n')])
  expect(stdout).toContain('cleared: email 2, name 1\n')
})
