/** Plan, apply and the way back, as real commands beside a simulator that outlives them. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SimulatedCustomer, Simulator } from '../../src/index.ts'
import { changeCustomer } from './support/change-customer.ts'
import type { Folder } from './support/command.ts'
import { startRehearsal, type Rehearsal } from './support/rehearsal.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const customers: readonly SimulatedCustomer[] = Array.from({ length: 40 }, (_, index) => ({
  id: id(index + 1),
  name: `Name ${index + 1}`,
  email: `a${index + 1}@example.com`,
  phone_number: '',
  metadata: { tier: 'silver', kept: 1 },
}))

const strangers = (from: number) =>
  Array.from({ length: 110 }, (_, n) => ({ id: `cus_other_${from}_${n}`, name: '', email: '' }))

/** How often each customer was read by itself. */
function readOnce({ calls }: Simulator): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const { method, customerId } of calls)
    if (method === 'GET' && customerId !== '') times.set(customerId, (times.get(customerId) ?? 0) + 1)
  return times
}

describe('a way there and back', () => {
  let rehearsal: Rehearsal
  let folder: Folder
  let simulator: Simulator
  const run: Rehearsal['run'] = (...args) => rehearsal.run(...args)
  const planOf = (path: string): readonly Record<string, unknown>[] =>
    readFileSync(join(folder.path, path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  const begin = async (...options: Parameters<typeof startRehearsal>) => {
    rehearsal = await startRehearsal(...options)
    ;({ folder, simulator } = rehearsal)
  }
  beforeEach(() => begin(customers))
  afterEach(() => rehearsal.close())

  it('says for every row what the customer holds and would hold, and changes nothing', async () => {
    folder.write(
      'crm.csv',
      [
        'customer,name,email,metadata.tier',
        `${id(1)},Name 1,a1@example.com,silver`,
        `${id(2)},Other,,gold`,
        `${id(2)},Third,new@example.com,gold`,
        `${id(99)},Nobody,a@example.com,gold`,
        `${id(3)},Name 3,no address,gold`,
        '',
      ].join('\n'),
    )
    const { code, stdout, stderr } = await run('plan', 'crm.csv', '--out', 'p.ndjson')
    expect(code).toBe(1)
    expect(stderr).toContain('rapyd-bulk apply ')
    expect(stdout).not.toContain('Other')
    const metadata = { before: { tier: 'silver', kept: 1 }, after: { tier: 'gold', kept: 1 } }
    expect(planOf('p.ndjson').slice(1)).toEqual([
      { row: 1, line: 2, offset: 34, length: 65, customer: id(1), change: 'unchanged' },
      {
        row: 2,
        line: 3,
        offset: 100,
        length: 48,
        customer: id(2),
        change: 'update',
        fields: {
          name: { before: 'Name 2', after: 'Other' },
          email: { before: 'a2@example.com', after: '' },
          metadata,
        },
        clears: ['email'],
        patch: { name: 'Other', email: '', metadata: { tier: 'gold' } },
        paths: ['name', 'email', 'metadata.tier'],
      },
      {
        row: 3,
        line: 4,
        offset: 149,
        length: 63,
        customer: id(2),
        change: 'update',
        fields: {
          name: { before: 'Other', after: 'Third' },
          email: { before: '', after: 'new@example.com' },
        },
        clears: [],
        patch: { name: 'Third', email: 'new@example.com' },
        paths: ['name', 'email'],
      },
      { row: 4, line: 5, offset: 213, length: 62, customer: id(99), change: 'missing' },
      {
        row: 5,
        line: 6,
        offset: 276,
        length: 59,
        customer: id(3),
        change: 'invalid',
        code: 'E_EMAIL',
        field: 'email',
        message: 'not a valid e-mail address of at most 512 characters',
      },
    ])
    expect(planOf('p.ndjson')[0]).toMatchObject({
      rapyd_bulk_plan: 3,
      counts: {
        rows: 5,
        changes: { update: 2, unchanged: 1, missing: 1, unreadable: 0, invalid: 1 },
        fields: { name: 2, email: 2, metadata: 1 },
        clears: { email: 1 },
      },
      reads: { customers: 3, single: 3, pages: 0 },
    })
    expect(statSync(join(folder.path, 'p.ndjson')).mode & 0o777).toBe(0o600)
    expect(simulator.appliedCount).toBe(0)
  })

  it('reads nothing again that it has read when it is killed and begun again', async () => {
    // So far apart that no page holds two of them.
    const spaced = customers.flatMap((customer, index) => [customer].concat(strangers(index)))
    await rehearsal.close()
    await begin(spaced, { latencyMs: 30 })
    const { keys } = rehearsal
    const rows = customers.map((customer) => `${customer.id},Other`)
    folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
    const args = ['plan', 'crm.csv', '--concurrency', '2', '--rate', 'none'] as const
    const started = folder.start(args, keys)
    await vi.waitFor(() => expect(readOnce(simulator).size).toBeGreaterThan(5), { timeout: 20_000 })
    started.kill('SIGKILL')
    await started.finished
    expect((await folder.run(args, keys)).code).toBe(0)
    const twice = [...readOnce(simulator).values()].filter((times) => times > 1)
    expect(twice.length).toBeLessThanOrEqual(2)
    const [directory = ''] = readdirSync(join(folder.path, 'rapyd-runs'))
    expect(readdirSync(join(folder.path, 'rapyd-runs', directory))).toEqual(['plan.ndjson'])
    expect(planOf(join('rapyd-runs', directory, 'plan.ndjson'))).toHaveLength(41)
  })

  const updates = () => rehearsal.updates()
  const runs = () => rehearsal.runs()
  const results = (name: string) => rehearsal.results(name)

  /** Somebody else's change. */
  const changeElsewhere = async (customerId: string, patch: object) => {
    await changeCustomer(simulator, customerId, patch)
  }

  it('applies only the fields that the plan changes, and looks for nothing else', async () => {
    folder.write(
      'crm.csv',
      `customer,name,email,metadata.tier\n${id(1)},Name 1,a1@example.com,silver\n${id(2)},Other,a2@example.com,gold\n${id(99)},N,a@b.de,x\n`,
    )
    await run('plan', 'crm.csv', '--out', 'p.ndjson')
    expect((await run('apply', 'p.ndjson')).code).toBe(1)
    const metadata = { kept: 1, tier: 'gold' }
    expect(updates()).toEqual([{ customer: id(2), body: { name: 'Other', metadata } }])
    const [applied = ''] = runs()
    expect(results(applied).map(({ outcome, fields }) => `${outcome} ${fields}`)).toEqual([
      'unchanged ',
      'updated name;metadata.tier',
      'invalid ',
    ])
    expect(await run('apply', 'p.ndjson')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('before'),
    })
    expect(updates()).toHaveLength(1)
    expect((await folder.run(['report', applied])).code).toBe(0)
    expect((await folder.run(['runs'])).stdout).toContain('sends a plan')
  })

  it('gives every row the outcome and the place that an update gives it, from the plan alone', async () => {
    const lines = [
      'customer,name,email,addresses[0].city,addresses[1].city',
      `${id(1)},First,,Rome,`,
      `${id(1)},,,,Oslo`,
      `${id(2)},,none,,`,
      `${id(3)},,,,`,
      'short',
      `${id(1)},,,,Bern`,
    ]
    folder.write('crm.csv', `${lines.join('\n')}\n`)
    const reading = ['--duplicates', 'merge', '--blank', 'keep', '--max-errors', '100%']
    await run('plan', 'crm.csv', '--out', 'p.ndjson', ...reading)
    expect(planOf('p.ndjson').at(-1)).toMatchObject({
      row: 6,
      patch: { name: 'First', addresses: [{ city: 'Rome' }, { city: 'Bern' }] },
      paths: ['name', 'addresses[0].city', 'addresses[1].city'],
    })
    const reportsOf = async (...args: readonly string[]) => {
      const before = runs()
      await run(...args)
      const name = runs().find((one) => !before.includes(one)) ?? ''
      const errors = readFileSync(join(folder.path, 'rapyd-runs', name, 'errors.csv'), 'utf8')
      return {
        errors,
        rows: results(name).map(({ row, line, outcome, fields, message }) => [
          row,
          line,
          outcome,
          fields,
          message,
        ]),
      }
    }
    const applied = await reportsOf('apply', 'p.ndjson', '--max-errors', '100%')
    expect(applied).toEqual(await reportsOf('update', 'crm.csv', ...reading))
    expect(applied.errors).toContain('short')
    const [sent, again] = updates()
    expect(sent).toEqual(again)
  })

  it('refuses with --verify every row whose customer has changed since, by its fields, and nothing else', async () => {
    folder.write(
      'crm.csv',
      `customer,name,email\n${[1, 2, 3, 4].map((n) => `${id(n)},New ${n},`).join('\n')}\n`,
    )
    await run('plan', 'crm.csv', '--out', 'p.ndjson', '--max-clears', '100%')
    await changeElsewhere(id(1), { email: 'other@example.com' })
    await changeElsewhere(id(2), { description: 'not in the plan' })
    await changeElsewhere(id(3), { name: 'Elsewhere', email: 'other3@example.com' })
    const before = updates().length
    expect((await run('apply', 'p.ndjson', '--verify')).code).toBe(1)
    expect(
      updates()
        .slice(before)
        .map(({ customer }) => customer)
        .toSorted(),
    ).toEqual([id(2), id(4)])
    const [applied = ''] = runs()
    expect(
      results(applied).map(
        ({ outcome, error_code: code, error_field: field }) => `${outcome} ${code} ${field}`,
      ),
    ).toEqual(['invalid E_DRIFTED email', 'updated  ', 'invalid E_DRIFTED name;email', 'updated  '])
    expect((await run('redo', applied)).code).toBe(0)
    expect(updates()).toHaveLength(before + 2)
  })

  it('offers --verify, which reads no customer more where each has one row', async () => {
    folder.write('crm.csv', `customer,name\n${[1, 2, 3].map((n) => `${id(n)},New ${n}`).join('\n')}\n`)
    const planned = await run('plan', 'crm.csv', '--out', 'p.ndjson')
    expect(planned.stderr).toMatch(/To send just this: rapyd-bulk apply \S*p\.ndjson --verify$/m)
    const requestsOf = async (...args: readonly string[]): Promise<number> => {
      const before = simulator.calls.length
      expect((await run('apply', 'p.ndjson', ...args)).code).toBe(0)
      return simulator.calls.length - before
    }
    const verified = await requestsOf('--verify')
    for (const n of [1, 2, 3]) await changeElsewhere(id(n), { name: `Name ${n}` })
    expect(await requestsOf('--new-run')).toBe(verified)
  })
})
