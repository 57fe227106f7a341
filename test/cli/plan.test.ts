/** Plan, apply and the way back, as real commands beside a simulator that outlives them. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSimulator } from '../../src/simulator/server.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { freshFolder } from '../support/command.ts'
import type { Folder } from '../support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const customers = Array.from({ length: 40 }, (_, index) => ({
  id: id(index + 1),
  name: `Name ${index + 1}`,
  email: `a${index + 1}@example.com`,
  phone_number: '',
  metadata: { tier: 'silver', kept: 1 },
}))

/** How often each customer was read by itself. */
function readOnce({ calls }: Simulator): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const { method, customerId } of calls)
    if (method === 'GET' && customerId !== '') times.set(customerId, (times.get(customerId) ?? 0) + 1)
  return times
}

describe('plan', () => {
  let folder: Folder
  let simulator: Simulator
  const run = (...args: readonly string[]) =>
    folder.run([...args, '--rate', 'none'], {
      RAPYD_BASE_URL: simulator.url,
      RAPYD_ACCESS_KEY: simulator.accessKey,
      RAPYD_SECRET_KEY: simulator.secretKey,
    })
  const planOf = (path: string): readonly Record<string, unknown>[] =>
    readFileSync(join(folder.path, path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  beforeEach(async () => {
    folder = freshFolder()
    simulator = await createSimulator({ windows: [], customers })
  })
  afterEach(async () => {
    await simulator.close()
    folder.remove()
  })

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
      { row: 1, line: 2, customer: id(1), change: 'unchanged' },
      {
        row: 2,
        line: 3,
        customer: id(2),
        change: 'update',
        fields: {
          name: { before: 'Name 2', after: 'Other' },
          email: { before: 'a2@example.com', after: '' },
          metadata,
        },
        clears: ['email'],
      },
      {
        row: 3,
        line: 4,
        customer: id(2),
        change: 'update',
        fields: {
          name: { before: 'Other', after: 'Third' },
          email: { before: '', after: 'new@example.com' },
        },
        clears: [],
      },
      { row: 4, line: 5, customer: id(99), change: 'missing' },
      { row: 5, line: 6, customer: id(3), change: 'invalid', code: 'E_EMAIL', field: 'email' },
    ])
    expect(planOf('p.ndjson')[0]).toMatchObject({
      rapyd_bulk_plan: 1,
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
    const rows = customers.map((customer) => `${customer.id},Other`)
    folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
    // So far apart that no page holds two of them.
    const strangers = (from: number) =>
      Array.from({ length: 110 }, (_, n) => ({ id: `cus_other_${from}_${n}` }))
    const spaced = customers.flatMap((customer, index) => [customer, ...strangers(index)])
    await simulator.close()
    simulator = await createSimulator({ windows: [], customers: spaced, latencyMs: 30 })
    const args = ['plan', 'crm.csv', '--concurrency', '2', '--rate', 'none'] as const
    const keys = {
      RAPYD_BASE_URL: simulator.url,
      RAPYD_ACCESS_KEY: simulator.accessKey,
      RAPYD_SECRET_KEY: simulator.secretKey,
    }
    const started = folder.start(args, keys)
    await vi.waitFor(() => expect(readOnce(simulator).size).toBeGreaterThan(5), { timeout: 20_000 })
    started.kill('SIGKILL')
    await started.finished
    expect((await folder.run(args, keys)).code).toBe(0)
    const twice = [...readOnce(simulator).values()].filter((times) => times > 1)
    expect(twice.length).toBeLessThanOrEqual(2)
    const [directory = ''] = readdirSync(join(folder.path, 'rapyd-runs'))
    expect(readdirSync(join(folder.path, 'rapyd-runs', directory)).toSorted()).toEqual([
      'plan.ndjson',
      'run.lock',
    ])
    expect(planOf(join('rapyd-runs', directory, 'plan.ndjson'))).toHaveLength(41)
  })
})
