/** Plans and the way back as programs take them, in one process: runs that follow each other, and the sync state beside them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apply, bulkUpdate, listRuns, plan, rebuildReport, redo, rollback } from '../../src/index.ts'
import { changeCustomer } from './support/change-customer.ts'
import { startRehearsal, type Rehearsal } from './support/rehearsal.ts'
import { ageRun, changeStore } from './support/store.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

/** The exit code that a command would end with. */
const codeOf = async (result: Promise<object>) => {
  const ended = await result
  return 'exitCode' in ended ? ended.exitCode : 'nothing left'
}

describe('a way back', () => {
  let rehearsal: Rehearsal
  const held = (number: number) => rehearsal.simulator.customer(id(number))
  const path = (name: string) => join(rehearsal.folder.path, name)
  const first = () => rehearsal.runs()[0] ?? ''
  const common = () => ({
    baseUrl: rehearsal.simulator.url,
    accessKey: rehearsal.simulator.accessKey,
    secretKey: rehearsal.simulator.secretKey,
    rate: 'none',
    runsDir: path('rapyd-runs'),
    store: path('store.db'),
  })
  beforeEach(async () => {
    rehearsal = await startRehearsal([1, 2, 3].map((number) => ({ id: id(number), name: `Name ${number}` })))
  })
  afterEach(() => rehearsal.close())

  it('wants a redo rolled back before its run', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    rehearsal.simulator.setFaults(`error-200=${id(2)}:x1`)
    const all = common()
    expect(await codeOf(bulkUpdate({ ...all, input: path('few.csv'), backup: true }))).toBe(1)
    rehearsal.simulator.setFaults('')
    expect(await codeOf(redo({ ...all, run: first() }))).toBe(0)
    await expect(rollback({ ...all, run: first() })).rejects.toMatchObject({
      code: 'E_ROLLBACK_ORDER',
      remedy: expect.stringContaining(`rapyd-bulk rollback ${first()}-redo-1`),
    })
    expect(await codeOf(rollback({ ...all, run: `${first()}-redo-1` }))).toBe(0)
    expect(await codeOf(rollback({ ...all, run: first() }))).toBe(0)
    expect([held(1)?.['name'], held(2)?.['name']]).toEqual(['Name 1', 'Name 2'])
  })

  it('sends again what a redo had sent that was rolled back, finished or not', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n${id(3)},Z\n`)
    const all = common()
    const next = async () => {
      const runs = await listRuns(all.runsDir, all)
      return Object.fromEntries(runs.map((run) => [run.run_id.slice(first().length), run.next]))
    }
    rehearsal.simulator.setFaults(`error-200=${id(2)}:x1,error-200=${id(3)}:x1`)
    await bulkUpdate({ ...all, input: path('few.csv'), backup: true })
    rehearsal.simulator.setFaults('')
    const offer = `rapyd-bulk redo ${first()} --store=${all.store}`
    expect(await codeOf(redo({ ...all, run: first(), limit: 1 }))).toBe(0)
    expect(await next()).toMatchObject({ '': '', '-redo-1': expect.stringContaining('redo') })
    expect(await codeOf(rollback({ ...all, run: `${first()}-redo-1` }))).toBe(0)
    expect(await next()).toMatchObject({ '': offer, '-redo-1': '' })
    expect(await codeOf(redo({ ...all, run: first() }))).toBe(0)
    expect([held(2)?.['name'], held(3)?.['name']]).toEqual(['Y', 'Z'])
    expect(await next()).toMatchObject({ '': '', '-redo-1': '', '-redo-2': '' })
    expect(await codeOf(redo({ ...all, run: first() }))).toBe('nothing left')
    expect(await codeOf(rollback({ ...all, run: `${first()}-redo-2` }))).toBe(0)
    expect(await next()).toMatchObject({ '': offer, '-redo-2': '' })
    expect(await codeOf(redo({ ...all, run: first() }))).toBe(0)
    expect([held(2)?.['name'], held(3)?.['name']]).toEqual(['Y', 'Z'])
  })

  it('offers no way on for a run that was rolled back, and purges it though it is open', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    const all = common()
    await bulkUpdate({ ...all, input: path('few.csv'), backup: true, limit: 1 })
    await rollback({ ...all, run: first() })
    const runs = await listRuns(all.runsDir, all)
    expect(runs.find(({ run_id: run }) => run === first())).toMatchObject({
      state: 'open',
      rolled_back_by: `${first()}-rollback-1`,
      next: '',
    })
    const { summary } = await rebuildReport(first(), all.runsDir, all)
    expect(summary.next).not.toContain('rapyd-bulk update')
    for (const { run_id: run } of runs) ageRun(all.store, run)
    const purge = ['runs', '--purge', '--older-than', '1d', '--yes', '--store', all.store]
    expect((await rehearsal.folder.run(purge)).code).toBe(0)
    expect(await listRuns(all.runsDir, all)).toEqual([])
    expect(rehearsal.runs()).toEqual([])
  })

  it('tries again what a rollback could not put back', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    const all = common()
    await bulkUpdate({ ...all, input: path('few.csv'), backup: true })
    rehearsal.simulator.setFaults(`error-200/post=${id(2)}:x1`)
    expect(await codeOf(rollback({ ...all, run: first() }))).toBe(1)
    rehearsal.simulator.setFaults('')
    expect(await codeOf(rollback({ ...all, run: first() }))).toBe(0)
    expect([held(1)?.['name'], held(2)?.['name']]).toEqual(['Name 1', 'Name 2'])
    expect(await codeOf(rollback({ ...all, run: first() }))).toBe('nothing left')
    await expect(redo({ ...all, run: `${first()}-rollback-1` })).rejects.toMatchObject({
      code: 'E_REDO_ROLLBACK',
    })
  })

  it('lets no run go on that was rolled back, and puts back what one has written since all the same', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n${id(3)},Z\n`)
    const all = common()
    const some = { ...all, input: path('few.csv'), backup: true, limit: 1 }
    await bulkUpdate(some)
    const back = { ...all, run: first() }
    expect(await codeOf(rollback(back))).toBe(0)
    await expect(bulkUpdate({ ...some, limit: 3 })).rejects.toMatchObject({
      code: 'E_ROLLED_BACK',
      remedy: expect.stringContaining('--new-run'),
    })
    expect(held(2)?.['name']).toBe('Name 2')
    // As with a version that would know of no such refusal.
    const ofRollback = "kind = 'rollback'"
    changeStore(all.store, `UPDATE run SET parent_id = 'aside' WHERE ${ofRollback}`)
    await bulkUpdate({ ...some, limit: 2 })
    changeStore(all.store, `UPDATE run SET parent_id = ? WHERE ${ofRollback}`, first())
    expect(held(2)?.['name']).toBe('Y')
    expect(await codeOf(rollback(back))).toBe(0)
    expect([held(1)?.['name'], held(2)?.['name']]).toEqual(['Name 1', 'Name 2'])
    expect(await codeOf(rollback(back))).toBe('nothing left')
  })

  it('takes another rollback where the last one was rolled back itself', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    const all = common()
    await bulkUpdate({ ...all, input: path('few.csv'), backup: true })
    await rollback({ ...all, run: first(), limit: 1 })
    expect(await codeOf(rollback({ ...all, run: `${first()}-rollback-1` }))).toBe(0)
    expect(held(1)?.['name']).toBe('X')
    expect(await codeOf(rollback({ ...all, run: first() }))).toBe(0)
    expect([held(1)?.['name'], held(2)?.['name']]).toEqual(['Name 1', 'Name 2'])
  })

  it('keeps everybody else out of a run while it is rolled back', async () => {
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    const all = common()
    const some = { ...all, input: path('few.csv'), backup: true, limit: 1 }
    await bulkUpdate(some)
    const run = first()
    const others: string[] = []
    const refused = (result: Promise<unknown>): Promise<unknown> =>
      result.catch((error: unknown) =>
        others.push(error instanceof Error && 'code' in error ? String(error.code) : 'other'),
      )
    const confirm = async () => {
      if (others.length > 0) return
      await refused(rollback({ ...all, run }))
      await refused(bulkUpdate({ ...some, limit: 2 }))
    }
    expect(await codeOf(rollback({ ...all, run, confirm }))).toBe(0)
    expect(others).toEqual(['E_BUSY', 'E_BUSY'])
    expect([held(1)?.['name'], held(2)?.['name']]).toEqual(['Name 1', 'Name 2'])
    expect((await bulkUpdate({ ...some, newRun: true })).exitCode).toBe(0)
  })

  it('tells the sync state what it has put back, and so does apply', async () => {
    const all = common()
    const night = async () => {
      const before = rehearsal.updates().length
      expect(
        await codeOf(bulkUpdate({ ...all, input: path('few.csv'), onlyChanged: true, backup: true })),
      ).toBe(0)
      const sent = rehearsal.updates().slice(before)
      return sent.map(({ customer }) => customer).toSorted()
    }
    const write = (name: string, text: string) =>
      rehearsal.folder.write(
        name,
        `customer,name,metadata.tier,metadata.more\n${id(1)},${text},gold,x\n${id(2)},Y,gold,x\n${id(3)},Z,gold,x\n`,
      )
    write('few.csv', 'X')
    expect(await night()).toEqual([id(1), id(2), id(3)])
    expect(await night()).toEqual([])
    // Of one customer a key of metadata is kept, so nobody knows what its metadata holds.
    await changeCustomer(rehearsal.simulator, id(3), { metadata: { more: 'theirs' } })
    expect(await codeOf(rollback({ ...all, run: first() }))).toBe(1)
    expect(await night()).toEqual([id(1), id(2), id(3)])
    expect(held(3)).toMatchObject({ name: 'Z', metadata: { tier: 'gold', more: 'x' } })
    expect(await night()).toEqual([])

    write('other.csv', 'Other')
    const planned = await plan({ ...all, input: path('other.csv') })
    expect(await codeOf(apply({ ...all, plan: planned.path }))).toBe(0)
    expect(held(1)?.['name']).toBe('Other')
    expect(await night()).toEqual([id(1)])
    expect(held(1)?.['name']).toBe('X')
  })

  const edit = (name: string, change: (text: string) => string): void =>
    rehearsal.folder.write(name, change(readFileSync(path(name), 'utf8')))

  it.each([
    ['an edited plan', 'E_PLAN_CHANGED', () => edit('p.ndjson', (text) => text.replace('"X"', '"Mine"'))],
    [
      'a cut plan',
      'E_PLAN_CHANGED',
      () => edit('p.ndjson', (text) => text.split('\n').slice(0, -2).join('\n')),
    ],
    ['a file that is no plan', 'E_PLAN', () => edit('p.ndjson', () => '{}\n')],
    ['a changed input', 'E_INPUT_CHANGED', () => edit('few.csv', (text) => text.replace('X', 'Mine'))],
    [
      'a changed mapping',
      'E_MAPPING_CHANGED',
      () => edit('map.yaml', () => 'columns: { name: description }\n'),
    ],
  ])('refuses %s', async (_, code, change) => {
    const all = common()
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n${id(2)},Y\n`)
    rehearsal.folder.write('map.yaml', 'columns: { name: name }\n')
    await plan({ ...all, input: path('few.csv'), map: path('map.yaml'), out: path('p.ndjson') })
    change()
    await expect(apply({ ...all, plan: path('p.ndjson') })).rejects.toMatchObject({ code, exitCode: 3 })
    expect(rehearsal.updates()).toEqual([])
  })

  it('refuses the plan of another account', async () => {
    const all = common()
    rehearsal.folder.write('few.csv', `customer,name\n${id(1)},X\n`)
    await plan({ ...all, input: path('few.csv'), out: path('p.ndjson') })
    const other = { ...all, accessKey: 'another', plan: path('p.ndjson') }
    await expect(apply(other)).rejects.toMatchObject({ code: 'E_OTHER_ACCOUNT', exitCode: 2 })
  })

  it('plans no file that is not like the one before it', async () => {
    const all = common()
    const rows = Array.from({ length: 60 }, (_, index) => `${id(1 + (index % 3))},N${index},D${index}`)
    rehearsal.folder.write('crm.csv', `customer,name,description\n${rows.join('\n')}\n`)
    expect(await codeOf(bulkUpdate({ ...all, input: path('crm.csv') }))).toBe(0)
    rehearsal.folder.write('crm.csv', `customer,name,description\n${rows.slice(0, 9).join('\n')}\n`)
    const again = { ...all, input: path('crm.csv') }
    await expect(plan(again)).rejects.toMatchObject({ code: 'E_UNLIKE_LAST' })
    expect((await plan({ ...again, acceptChange: ['all'] })).head.counts.rows).toBe(9)
  })
})
