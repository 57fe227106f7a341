import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const file = [
  'customer,name,metadata.a,metadata.b',
  `${id(1)},First,1,`,
  `${id(2)},Other,1,1`,
  `${id(1)},"Second\nline",,2`,
  `${id(1)},NULL,9,9`,
  `${id(1)},,3,`,
  `${id(3)},Last,,`,
].join('\n')

describe('--duplicates', () => {
  let folder: Folder
  let server: RapydServer
  const update = (...args: readonly string[]) =>
    folder.run(['update', 'crm.csv', '--blank', 'keep', '--base-url', server.url, ...args], server.keys)
  const results = (): readonly Record<string, string>[] =>
    parse(folder.report('results.csv'), { columns: true })
  const wasFinished = async (...args: readonly string[]) =>
    (await update(...args)).stderr.includes('finished before')
  const outcomes = () => results().map(({ outcome, message }) => `${outcome} ${message}`.trim())
  const bodiesOf = (customer: number) =>
    server.updates.filter((call) => call.id === id(customer)).map(({ body }) => JSON.parse(body))

  beforeEach(async () => {
    folder = freshFolder()
    folder.write('crm.csv', `${file}\n`)
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
    folder.remove()
  })

  it('is sequence where it is not given, and says so before anything is sent', async () => {
    const { code, stderr } = await update()
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^4 rows belong to customers with several rows: sent in file order \(--duplicates sequence\)\n/,
    )
    expect(bodiesOf(1)).toEqual([
      { name: 'First', metadata: { a: '1' } },
      { name: 'Second\nline', metadata: { a: '1', b: '2' } },
      { metadata: { a: '3', b: '2' } },
    ])
  })

  it('says nothing with --quiet, or where every customer has one row', async () => {
    expect((await update('--quiet')).stderr).not.toContain('several rows')
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    expect((await update()).stderr).not.toContain('several rows')
  })

  it('last makes one call a customer, and every row has its outcome', async () => {
    const { code, stderr } = await update('--duplicates', 'last')
    expect(code).toBe(1)
    expect(stderr).toContain('only the last row of each customer is sent (--duplicates last)')
    expect(bodiesOf(1)).toEqual([{ metadata: { a: '3' } }])
    expect(outcomes()).toEqual([
      'unchanged row 5 of this customer counts (--duplicates last)',
      'updated',
      'unchanged row 5 of this customer counts (--duplicates last)',
      'invalid looks like an empty value but is not blank',
      'updated',
      'updated',
    ])
  })

  it('merge makes one call of the good rows of a customer', async () => {
    const { code, stderr } = await update('--duplicates', 'merge')
    expect(code).toBe(1)
    expect(stderr).toContain('the rows of each customer become one call (--duplicates merge)')
    expect(bodiesOf(1)).toEqual([{ name: 'Second\nline', metadata: { a: '3', b: '2' } }])
    expect(server.updates).toHaveLength(3)
    expect(outcomes().slice(0, 5)).toEqual([
      'unchanged merged into row 5 (--duplicates merge)',
      'updated',
      'unchanged merged into row 5 (--duplicates merge)',
      'invalid looks like an empty value but is not blank',
      'updated',
    ])
    expect(results()[4]).toMatchObject({ fields: 'name;metadata.a;metadata.b' })
  })

  it('merge holds on to what earlier sessions of the run went past', async () => {
    await update('--duplicates', 'merge', '--limit', '4')
    expect(outcomes()[0]).toBe('unchanged merged into row 5 (--duplicates merge)')
    expect(bodiesOf(1)).toEqual([])
    const { code } = await update('--duplicates', 'merge')
    expect(code).toBe(1)
    expect(bodiesOf(1)).toEqual([{ name: 'Second\nline', metadata: { a: '3', b: '2' } }])
    expect(server.updates).toHaveLength(3)
  })

  it('reject sends nothing, and names the first two rows', async () => {
    for (const command of ['update', 'validate']) {
      const env = { ...server.keys, RAPYD_BASE_URL: server.url }
      const { code, stderr } = await folder.run([command, 'crm.csv', '--duplicates', 'reject'], env)
      expect(code).toBe(3)
      expect(stderr).toContain(
        '1 customer stands on several rows (first: row 1, line 2 and row 3, line 4) [E_DUPLICATE_CUSTOMER]\n',
      )
    }
    expect(server.updates).toEqual([])
  })

  it('reject lets a file pass in which every customer has one row', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n${id(2)},Al\n`)
    expect((await update('--duplicates', 'reject')).code).toBe(0)
  })

  it('is part of the run: another policy is another run', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n${id(1)},Al\n`)
    expect(await wasFinished()).toBe(false)
    expect(await wasFinished('--duplicates', 'sequence')).toBe(true)
    expect(await wasFinished('--duplicates', 'last')).toBe(false)
    expect(await wasFinished('--duplicates', 'merge')).toBe(false)
    expect(await wasFinished('--duplicates', 'last')).toBe(true)
  })
})
