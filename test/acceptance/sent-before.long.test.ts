/** Addresses and coupons add up, so rows that an earlier run has sent are not sent again unless that is asked for. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
let server: RapydServer
beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
})
afterEach(async () => {
  expect(server.broken).toEqual([])
  await server.close()
  folder.remove()
})

const options = () => ['--base-url', server.url, '--rate', 'none', '--max-clears', '100%']
const update = (...args: readonly string[]) => folder.run(['update', ...args, ...options()], server.keys)
const runs = () => readdirSync(join(folder.path, 'rapyd-runs')).toSorted()
const results = (run: string): Record<string, string>[] =>
  parse(readFileSync(join(folder.path, 'rapyd-runs', run, 'results.csv'), 'utf8'), { columns: true })
const rows = (...records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')
const address = { name: 'Home', line_1: 'Main Street 1' }

describe('a row that sets addresses or a coupon as an earlier run of the account did', () => {
  it.each([
    ['a coupon', { coupon: 'SUMMER' }],
    ['addresses', { addresses: [address] }],
    ['addresses, whatever else it holds', { addresses: [address], name: 'Other' }],
  ])('stops the run before it sends: %s', async (_, patch) => {
    const first = { ...('coupon' in patch ? { coupon: 'SUMMER' } : { addresses: [address] }), name: 'A' }
    folder.write('one.ndjson', rows({ customer: id(1), ...first }, { customer: id(2), name: 'B' }))
    folder.write('two.ndjson', rows({ customer: id(1), ...patch }, { customer: id(2), name: 'C' }))
    expect((await update('one.ndjson', '--run-id', 'monday')).code).toBe(0)
    server.updates.length = 0
    const { code, stderr } = await update('two.ndjson')
    expect(code).toBe(2)
    expect(stderr).toContain('1 of 2 rows were confirmed by run monday')
    expect(stderr).toContain('rapyd-bulk redo monday')
    expect(stderr).toContain('[E_SENT_BEFORE]')
    expect([server.updates, runs()]).toEqual([[], ['monday']])
    expect((await update('two.ndjson', '--allow-repeat')).code).toBe(0)
    expect(server.updates).toHaveLength(2)
  })

  it('stops a second run of the same file, also after the field has changed since', async () => {
    folder.write('one.ndjson', rows({ customer: id(1), coupon: 'SUMMER' }))
    folder.write('two.ndjson', rows({ customer: id(1), coupon: 'WINTER' }))
    expect((await update('one.ndjson')).code).toBe(0)
    expect((await update('two.ndjson')).code).toBe(0)
    const again = await update('one.ndjson', '--new-run')
    expect([again.code, server.updates.length]).toEqual([2, 2])
    expect(again.stderr).toContain(`run ${runs()[0]}`)
  })

  it('stops it also if the secret key was changed since, when values cannot be compared', async () => {
    folder.write('one.ndjson', rows({ customer: id(1), addresses: [address] }))
    folder.write(
      'two.ndjson',
      rows({ customer: id(1), name: 'B' }, { customer: id(2), addresses: [address] }),
    )
    expect((await update('one.ndjson', '--run-id', 'monday')).code).toBe(0)
    Object.assign(server.keys, { RAPYD_SECRET_KEY: 'changed-secret' })
    const { code, stderr } = await update('one.ndjson', '--new-run')
    expect([code, server.updates.length], stderr).toEqual([2, 1])
    expect(stderr).toContain('1 of 1 row may have been confirmed by run monday, with another secret key')
    expect((await update('two.ndjson')).code).toBe(0)
    expect((await update('one.ndjson', '--new-run', '--allow-repeat')).code).toBe(0)
    expect((await update('one.ndjson', '--run-id', 'friday')).stderr).toContain('1 of 1 row was confirmed by')
  })

  it('is sent by one of two runs that begin together', async () => {
    const all = Array.from({ length: 20 }, (_, row) => ({ customer: id(row + 1), coupon: 'SUMMER' }))
    folder.write('one.ndjson', rows(...all))
    folder.write('copy.ndjson', rows(...all))
    const found = await Promise.all([update('one.ndjson'), update('copy.ndjson')])
    const refused = found.filter(({ code }) => code !== 0)
    expect(refused.map(({ code }) => code)).toEqual([expect.toBeOneOf([2, 7])])
    expect(server.updates).toHaveLength(20)
  })

  it('is left out with --only-changed', async () => {
    folder.write('one.ndjson', rows({ customer: id(1), coupon: 'SUMMER', name: 'A' }))
    folder.write('two.ndjson', rows({ customer: id(1), coupon: 'SUMMER', name: 'B' }))
    expect((await update('one.ndjson')).code).toBe(0)
    expect((await update('two.ndjson', '--only-changed')).code).toBe(0)
    expect(server.updates.map(({ body }) => body)).toEqual(['{"coupon":"SUMMER","name":"A"}', '{"name":"B"}'])
  })

  it.each([
    ['clears it', { customer: id(1), coupon: '' }],
    ['sets another value', { customer: id(1), coupon: 'WINTER' }],
    ['is of another customer', { customer: id(2), coupon: 'SUMMER' }],
  ])('does not stop a row that %s', async (_, row) => {
    folder.write('one.ndjson', rows({ customer: id(1), coupon: 'SUMMER' }))
    folder.write('two.ndjson', rows(row))
    expect((await update('one.ndjson')).code).toBe(0)
    expect((await update('two.ndjson')).code).toBe(0)
  })

  it('does not stop a row that no run has confirmed, nor its redo', async () => {
    server.answer = () => ({ status: 400, body: envelope('ERROR', 'ERROR_GET_COUPON') })
    folder.write('one.ndjson', rows({ customer: id(1), coupon: 'SUMMER' }))
    expect((await update('one.ndjson', '--run-id', 'a')).code).toBe(1)
    server.answer = () => undefined
    expect((await folder.run(['redo', 'a', '--rate', 'none'], server.keys)).code).toBe(0)
    const again = await update('one.ndjson', '--new-run')
    expect([again.code, again.stderr.includes('run a-redo-1')]).toEqual([2, true])
  })

  it('does not stop the resume of its own run', async () => {
    folder.write(
      'one.ndjson',
      rows({ customer: id(1), coupon: 'SUMMER' }, { customer: id(1), coupon: 'SUMMER' }),
    )
    expect((await update('one.ndjson', '--limit', '1')).code).toBe(0)
    expect((await update('one.ndjson')).code).toBe(0)
    expect(server.updates).toHaveLength(2)
  })

  it('does not count at the embedded simulator', async () => {
    folder.write('one.ndjson', rows({ customer: id(1), coupon: 'SUMMER' }))
    for (const run of ['a', 'b'])
      expect((await folder.run(['update', 'one.ndjson', '--env', 'simulator', '--run-id', run])).code).toBe(0)
  })
})

describe('other rows that an earlier run of the account has sent', () => {
  it('are counted in one line, which --strict does not count', async () => {
    const held = Array.from({ length: 3 }, (_, at) => ({ customer: id(at + 1), name: 'A' }))
    folder.write('one.ndjson', rows(...held))
    folder.write('two.ndjson', rows(...held.slice(0, 2), { customer: id(3), name: 'B' }))
    const first = await update('one.ndjson')
    expect(first.stderr).not.toContain('W_SENT_BEFORE')
    const second = await update('two.ndjson', '--strict')
    expect(second.code).toBe(0)
    expect(second.stderr).toContain('2 of 3 rows hold only what Rapyd has confirmed before (W_SENT_BEFORE)')
    expect(server.updates).toHaveLength(6)
  })
})

describe('before sending', () => {
  const file = rows(
    { customer: id(1), addresses: [address], coupon: 'X' },
    { customer: id(2), addresses: '' },
    { customer: id(3), addresses: [address], name: 'C' },
    { customer: id(4), coupon: '', name: 'D' },
  )
  const addingUp =
    'Rows that set addresses or coupon: addresses 2, coupon 1. Sent a second time, Rapyd may add'
  const extra =
    '1 row with a blank coupon and other fields: removing a discount is a call of its own, so 5 calls'

  it('validate and update count the rows that add up, and say what a second sending does', async () => {
    folder.write('crm.ndjson', file)
    const { stdout } = await folder.run(['validate', 'crm.ndjson', '--max-clears', '100%'])
    expect(stdout).toContain(addingUp)
    expect(stdout).toContain(extra)
    const { stderr, code } = await update('crm.ndjson')
    expect(code).toBe(0)
    expect(stderr).toContain(addingUp)
    expect(stderr).toContain(extra)
    const { stdout: json } = await folder.run(['validate', 'crm.ndjson', '--json', '--max-clears', '100%'])
    expect(JSON.parse(json)).toMatchObject({ extraCalls: 1, addingUp: { addresses: 2, coupon: 1 }, calls: 4 })
  })

  it.each([
    ['one call each', {}, 5],
    ['two calls each', { coupon: '' }, 10],
  ])('the forecast counts the calls: 900 rows with %s', async (_name, more, minutes) => {
    const record = (at: number) => ({ customer: id(at), name: 'A', ...more })
    folder.write('crm.ndjson', rows(...Array.from({ length: 900 }, (_, at) => record(at))))
    const { stdout } = await folder.run(['validate', 'crm.ndjson', '--json', '--max-clears', '100%'])
    expect(JSON.parse(stdout)).toMatchObject({ etaMs: (minutes - 1) * 60_000 })
  })
})

const redo = (...args: readonly string[]) => folder.run(['redo', 'a', ...args, '--rate', 'none'], server.keys)

describe('redo with the options that messages recommend', () => {
  it.each([
    ['--null-values', 'N/A', { description: '' }],
    ['--literal', 'N/A', { description: 'N/A' }],
  ])('%s sends rows that were invalid without it', async (option, value, patch) => {
    folder.write('crm.csv', `customer,name,description\n${id(1)},A,x\n${id(2)},B,N/A\n${id(3)},C,y\n`)
    expect((await update('crm.csv', '--run-id', 'a', '--max-errors', '9')).code).toBe(1)
    expect(results('a')[1]).toMatchObject({ outcome: 'invalid', error_code: 'E_SUSPECT_BLANK' })
    server.updates.length = 0
    expect((await redo()).stderr).toContain('1 row can be mended')
    const { code } = await redo(option, value, '--max-clears', '100%')
    expect([code, server.updates.map(({ body }) => JSON.parse(body))]).toEqual([0, [{ name: 'B', ...patch }]])
    expect((await redo()).stderr).toContain('Nothing of a is left')
  })

  it('--null-values is still guarded: what it blanks was not counted before', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},N/A\n`)
    const args = ['update', 'crm.csv', '--run-id', 'a', '--base-url', server.url, '--rate', 'none']
    expect((await folder.run(args, server.keys)).code).toBe(1)
    server.updates.length = 0
    const { code, stderr } = await redo('--null-values', 'N/A')
    expect([code, server.updates]).toEqual([2, []])
    expect(stderr).toContain('E_MAX_CLEARS')
  })

  it('--blank and --map read the rows in another way, and the same command resumes it', async () => {
    folder.write('crm.csv', `customer,name,Note\n${id(1)},A,x\n${id(2)},,y\n${id(3)},,z\n`)
    folder.write('old.yaml', 'customer: customer\ncolumns: { name: name, Note: ignore }\n')
    folder.write('new.yaml', 'customer: customer\ncolumns: { name: name, Note: description }\n')
    const parent = await update(
      'crm.csv',
      '--run-id',
      'a',
      '--max-errors',
      '9',
      '--blank',
      'reject',
      '--map',
      'old.yaml',
    )
    expect(parent.code).toBe(1)
    server.updates.length = 0
    const limited = await redo('--blank', 'keep', '--map', 'new.yaml', '--limit', '1')
    expect(limited.code).toBe(0)
    expect((await redo('--blank', 'keep', '--map', 'new.yaml')).code).toBe(0)
    expect(server.updates.map(({ body }) => body)).toEqual(['{"description":"y"}', '{"description":"z"}'])
  })

  it('a mapping that has changed is still refused if it is not named', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n`)
    folder.write('map.yaml', 'customer: customer\ncolumns: { name: name }\n')
    server.answer = () => ({ status: 400, body: envelope('ERROR', 'X') })
    expect((await update('crm.csv', '--run-id', 'a', '--map', 'map.yaml')).code).toBe(1)
    folder.write('map.yaml', 'customer: customer\ncolumns: { name: description }\n')
    expect((await redo()).stderr).toMatch(/the mapping file is not what it was.*E_MAPPING_CHANGED/s)
  })
})
