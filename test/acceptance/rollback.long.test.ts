import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { changeCustomer } from './support/change-customer.ts'
import { startRehearsal, type Rehearsal } from './support/rehearsal.ts'
import { changeStore, storeIn } from './support/store.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const customers = Array.from({ length: 60 }, (_, index) => ({
  id: id(index + 1),
  name: `Name ${index + 1}`,
  // What an API holds need not be what we would send.
  phone_number: '3001234567',
  email: index % 2 === 0 ? `a${index + 1}@example.com` : '',
  metadata: index % 3 === 0 ? {} : { tier: 'silver', kept: 1.5 },
}))
const numbers = customers.map((_, index) => index + 1)

describe('rollback', () => {
  let rehearsal: Rehearsal
  const held = (number: number) => rehearsal.simulator.customer(id(number))
  const everything = () => numbers.map(held)
  const first = () => rehearsal.runs()[0] ?? ''

  beforeEach(async () => {
    rehearsal = await startRehearsal(customers)
  })
  afterEach(() => rehearsal.close())

  const write = () =>
    rehearsal.folder.write(
      'crm.csv',
      [
        'customer,name,email,phone_number,metadata.tier',
        ...numbers.map((n) => `${id(n)},New ${n},new${n}@example.com,,gold`),
        // Several rows of one customer, and one that is refused.
        `${id(1)},Newer,,+4930123456,platinum`,
        `${id(99)},Nobody,a@example.com,,gold`,
        '',
      ].join('\n'),
    )
  const backedUp = () => rehearsal.run('update', 'crm.csv', '--backup', '--max-clears', '100%')

  it('puts every customer back as it was, and can be rolled back itself', async () => {
    const before = everything()
    write()
    expect((await backedUp()).code).toBe(1)
    const reads = rehearsal.simulator.calls.filter((call) => call.method === 'GET' && call.customerId !== '')
    expect(reads).toHaveLength(61)
    const after = everything()
    const preview = await rehearsal.run('rollback', first(), '--dry-run', '--json')
    expect(preview.code).toBe(0)
    expect(JSON.parse(preview.stdout)).toMatchObject({
      customers: 60,
      restored: { name: 60, email: 60, phone_number: 60, 'metadata.tier': 60 },
      kept: {},
      not_possible: {},
    })
    expect(everything()).toEqual(after)
    expect(rehearsal.runs()).toHaveLength(1)

    const finished = await rehearsal.run('rollback', first(), '--json')
    expect(finished.code).toBe(0)
    expect(everything()).toEqual(before)
    expect(JSON.parse(finished.stdout)).toMatchObject({
      parent: { run_id: first() },
      rollback: { restored: { name: 60, email: 60, phone_number: 60, 'metadata.tier': 60 }, kept: {} },
    })
    expect((await rehearsal.run('rollback', first())).stderr).toContain('is left to put back')

    expect((await rehearsal.run('rollback', `${first()}-rollback-1`)).code).toBe(0)
    expect(everything().map((customer) => customer?.['name'])).toEqual(
      after.map((customer) => customer?.['name']),
    )
    const directory = join(rehearsal.folder.path, 'rapyd-runs', `${first()}-rollback-1`)
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077).toBe(0)
  })

  it.each([
    ['image', 'DELETE FROM before_image WHERE row = 2'],
    ['value', 'DELETE FROM before_write WHERE row = 2'],
    ['outcome', 'DELETE FROM outcome WHERE row = 2'],
  ])('is refused, and sends nothing, if the store has lost a row: its %s', async (_, damage) => {
    write()
    await backedUp()
    const after = everything()
    changeStore(storeIn(rehearsal.folder.path), damage)
    for (const command of [['verify'], ['rollback', '--dry-run'], ['rollback']]) {
      const { code, stderr } = await rehearsal.run(...command, first())
      expect({ code, stderr }).toMatchObject({ code: 6, stderr: expect.stringContaining('E_STORE_DAMAGED') })
    }
    expect(everything()).toEqual(after)
    expect(rehearsal.runs()).toHaveLength(1)
  })

  it('keeps what others have changed since, names it, and says what cannot be put back', async () => {
    rehearsal.folder.write(
      'crm.ndjson',
      [
        { customer: id(1), name: 'A', email: 'x@example.com' },
        { customer: id(2), name: 'B', coupon: 'SPRING' },
        { customer: id(3), addresses: [{ name: 'N', line_1: 'L' }] },
        { customer: id(5), name: 'E', metadata: { tier: 'gold', extra: 'x' } },
      ]
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    )
    expect((await rehearsal.run('update', 'crm.ndjson', '--backup')).code).toBe(0)
    await changeCustomer(rehearsal.simulator, id(1), { email: 'theirs@example.com' })
    await changeCustomer(rehearsal.simulator, id(5), { name: 'Theirs' })
    expect((await rehearsal.run('rollback', first(), '--dry-run')).stdout).toContain(`${id(1)} email`)
    expect((await rehearsal.run('rollback', first())).code).toBe(1)
    expect(held(1)).toMatchObject({ name: 'Name 1', email: 'theirs@example.com' })
    expect(held(2)).toMatchObject({ name: 'Name 2' })
    expect(held(5)).toMatchObject({ name: 'Theirs', metadata: { tier: 'silver', kept: 1.5, extra: '' } })
    const rows = rehearsal
      .results(`${first()}-rollback-1`)
      .map((row) => [row['customer_id'], row['outcome'], row['error_code'], row['error_field']].join(' '))
    expect(rows).toEqual([
      `${id(1)} updated E_CHANGED_SINCE email`,
      `${id(2)} updated  `,
      `${id(2)} invalid E_NOT_RESTORABLE coupon`,
      `${id(3)} invalid E_NOT_RESTORABLE addresses`,
      `${id(5)} updated E_CHANGED_SINCE name`,
      `${id(5)} invalid E_NOT_RESTORABLE metadata.extra`,
    ])
    expect((await rehearsal.folder.run(['report', `${first()}-rollback-1`])).stdout).toContain(
      'Kept, changed since:      email 1, name 1',
    )
  })

  it('goes on when it is killed, and never puts anything back twice', async () => {
    const before = everything()
    write()
    // Killed in the run as well: what was kept first stays.
    const one = rehearsal.folder.start(
      ['update', 'crm.csv', '--backup', '--max-clears', '100%', '--rate', 'none', '--concurrency', '2'],
      rehearsal.keys,
    )
    await vi.waitFor(() => expect(rehearsal.simulator.appliedCount).toBeGreaterThan(10), {
      timeout: 20_000,
      interval: 1,
    })
    one.kill('SIGKILL')
    await one.finished
    await backedUp()
    const applied = rehearsal.simulator.appliedCount
    const two = rehearsal.folder.start(
      ['rollback', first(), '--rate', 'none', '--concurrency', '2'],
      rehearsal.keys,
    )
    await vi.waitFor(() => expect(rehearsal.simulator.appliedCount).toBeGreaterThan(applied + 10), {
      timeout: 20_000,
      interval: 1,
    })
    two.kill('SIGKILL')
    await two.finished
    // Its rows are in the store as well, so their file may be damaged.
    const rows = join(rehearsal.folder.path, 'rapyd-runs', rehearsal.runs()[1] ?? '', 'rollback.ndjson')
    const whole = readFileSync(rows)
    writeFileSync(rows, whole.fill(0, 100, 300))
    expect((await rehearsal.run('rollback', first())).code).toBe(0)
    expect(everything()).toEqual(before)
    expect(rehearsal.runs()).toHaveLength(2)
  })

  it('takes back a run that was stopped, and refuses what it cannot take back', async () => {
    write()
    await rehearsal.run('update', 'crm.csv', '--limit', '5', '--max-clears', '100%')
    expect(await rehearsal.run('rollback', first())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('E_NO_BACKUP'),
    })
    expect(await backedUp()).toMatchObject({ code: 2, stderr: expect.stringContaining('E_BACKUP_LATE') })
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    await rehearsal.run('update', 'few.csv', '--backup', '--limit', '1')
    const few = rehearsal.runs().find((name) => name.startsWith('few')) ?? ''
    const other = { ...rehearsal.keys, RAPYD_ACCESS_KEY: 'another' }
    expect(await rehearsal.folder.run(['rollback', few], other)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('E_OTHER_ACCOUNT'),
    })
    expect(rehearsal.runs()).toHaveLength(2)
    expect((await rehearsal.run('rollback', few)).code).toBe(0)
    expect(held(2)?.['name']).toBe('New 2')
    expect(held(1)?.['name']).toBe('New 1')
  })

  it('leaves what customers hold nowhere but where it is meant to be', async () => {
    for (const number of [1, 2, 3])
      await changeCustomer(rehearsal.simulator, id(number), { description: `canary-${number}` })
    rehearsal.folder.write(
      'few.csv',
      `customer,description\n${[1, 2, 3].map((n) => `${id(n)},canary-new-${n}`).join('\n')}\n`,
    )
    await rehearsal.run('plan', 'few.csv')
    const [plan = ''] = readdirSync(join(rehearsal.folder.path, 'rapyd-runs'))
    await rehearsal.run('apply', join('rapyd-runs', plan, 'plan.ndjson'), '--verify', '--log-level', 'trace')
    await changeCustomer(rehearsal.simulator, id(3), { description: 'canary-theirs' })
    const run = first()
    const texts = [
      await rehearsal.run('verify', run),
      await rehearsal.run('rollback', run, '--dry-run'),
      await rehearsal.run('rollback', run, '--log-level', 'trace'),
      await rehearsal.folder.run(['runs']),
    ]
    expect(texts.map(({ code }) => code)).toEqual([1, 1, 1, 0])
    expect(JSON.stringify(texts)).not.toContain('canary')
    const holding = readdirSync(rehearsal.folder.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes('canary'))
      .map((entry) => entry.name)
    expect(holding.toSorted()).toEqual([
      'errors.ndjson',
      'few.csv',
      'plan.ndjson',
      'rollback.ndjson',
      'store.db',
    ])
    expect(rehearsal.runs()).toHaveLength(2)
  })
})
