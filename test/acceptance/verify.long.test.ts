import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, verify as verifyRun } from '../../src/index.ts'
import { changeCustomer } from './support/change-customer.ts'
import { startRehearsal, type Rehearsal } from './support/rehearsal.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const numbers = Array.from({ length: 200 }, (_, index) => index + 1)

describe('verify', () => {
  let rehearsal: Rehearsal
  const run = () => rehearsal.runs()[0] ?? ''
  const verify = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await rehearsal.run('verify', run(), '--json', ...args)
    return { code, stderr, found: JSON.parse(stdout) }
  }

  beforeEach(async () => {
    rehearsal = await startRehearsal(
      numbers.map((number) => ({ id: id(number), name: `N${number}`, email: '' })),
    )
    const rows = numbers.map((number) => ({
      customer: id(number),
      name: `Name ${number}`,
      email: `canary${number}@example.com`,
      metadata: { tier: 'x' },
    }))
    // A later row of a customer changes one field, and adds to another.
    const more = [
      { customer: id(1), name: 'Last', metadata: { more: 'y' } },
      { customer: id(999), name: 'Nobody' },
    ]
    rehearsal.folder.write('crm.ndjson', [...rows, ...more].map((row) => `${JSON.stringify(row)}\n`).join(''))
  })
  afterEach(() => rehearsal.close())

  it.each([
    ['from its input', false],
    ['from what it kept for a way back', true],
  ])('compares every customer with what the run last wrote, %s', async (_, backup) => {
    const all = {
      baseUrl: rehearsal.simulator.url,
      accessKey: rehearsal.simulator.accessKey,
      secretKey: rehearsal.simulator.secretKey,
      rate: 'none',
      runsDir: join(rehearsal.folder.path, 'rapyd-runs'),
      stateDir: join(rehearsal.folder.path, '.state'),
    }
    await bulkUpdate({ ...all, input: join(rehearsal.folder.path, 'crm.ndjson'), backup })
    expect(await verifyRun({ ...all, run: run() })).toMatchObject({
      customers: 200,
      checked: 200,
      fields: {
        name: { checked: 200, differ: 0 },
        email: { checked: 200, differ: 0 },
        metadata: { checked: 200, differ: 0 },
      },
      different: 0,
    })
    await changeCustomer(rehearsal.simulator, id(7), { email: 'theirs@example.com' })
    await changeCustomer(rehearsal.simulator, id(1), { name: 'Name 1', metadata: { tier: 'theirs' } })
    expect(await verifyRun({ ...all, run: run() })).toMatchObject({
      differences: [
        { customer: id(1), fields: ['name', 'metadata'] },
        { customer: id(7), fields: ['email'] },
      ],
    })
  })

  it('names what differs, and shows values only where they are asked for', async () => {
    await rehearsal.run('update', 'crm.ndjson')
    await changeCustomer(rehearsal.simulator, id(7), { email: 'theirs@example.com' })
    const { code, found, stderr } = await verify()
    expect(code).toBe(1)
    expect(stderr).toContain('1 customer')
    expect(found.differences).toEqual([{ customer: id(7), fields: ['email'] }])
    const shown = await rehearsal.run('verify', run(), '--show-values')
    expect(shown.stdout).toContain(`${id(7)} email: canary7@example.com written, theirs@example.com held`)
  })

  it('takes the same sample each time, by share or by number', async () => {
    await rehearsal.run('update', 'crm.ndjson')
    const reads = () => rehearsal.simulator.calls.filter(({ method }) => method === 'GET').length
    const before = reads()
    const { found } = await verify('--sample', '10')
    expect(found).toMatchObject({ checked: 10, customers: 200 })
    expect(reads() - before).toBeLessThan(20)
    const { found: share } = await verify('--sample', '10%')
    expect(share.checked).toBeGreaterThan(5)
    expect(share.checked).toBeLessThan(45)
    expect((await verify('--sample', '10%')).found.checked).toBe(share.checked)
    expect(await rehearsal.run('verify', run(), '--sample', 'ten')).toMatchObject({ code: 2 })
  })

  it('says what is missing where nobody can tell any more what was written', async () => {
    await rehearsal.run('update', 'crm.ndjson')
    rehearsal.folder.write('crm.ndjson', '{}\n')
    expect(await rehearsal.run('verify', run())).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('E_INPUT_CHANGED'),
    })
  })
})

it.each(['append', 'replace'] as const)(
  'verify finds the addresses of the last row where Rapyd does %s',
  async (addresses) => {
    const rehearsal = await startRehearsal([{ id: id(1), name: 'N' }], { addresses })
    try {
      const rows = ['Main 1', 'Main 2'].map((line_1) => ({
        customer: id(1),
        addresses: [{ name: 'N', line_1, zip: '1' }],
      }))
      rehearsal.folder.write('crm.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
      expect(await rehearsal.run('update', 'crm.ndjson')).toMatchObject({ code: 0 })
      const [run = ''] = rehearsal.runs()
      expect(await rehearsal.run('verify', run)).toMatchObject({ code: 0 })
      await changeCustomer(rehearsal.simulator, id(1), { addresses: '' })
      expect(await rehearsal.run('verify', run)).toMatchObject({ code: 1 })
    } finally {
      await rehearsal.close()
    }
  },
)
