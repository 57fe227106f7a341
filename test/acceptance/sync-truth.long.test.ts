/** What `--only-changed` knows stays true, whoever else sends, whatever is lost, and whatever the clock says. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { envelope } from './support/rapyd-server.ts'
import { changed, csvOf, idOf, people, renamed, startNights, type Nights } from './support/sync-nights.ts'

let nights: Nights
beforeEach(async () => {
  nights = await startNights()
})
afterEach(() => nights.close())

/** One field of one customer, by a run that is no night. */
const sentElsewhere = (name: string, ...more: readonly string[]) => {
  nights.folder.write('other.csv', `customer,name\n${idOf(1)},${name}\n`)
  return nights.command('update', 'other.csv', '--quiet', ...more)
}

describe('another run between', () => {
  it('begins a night anew where another one has overwritten what its unfinished run had sent', async () => {
    const [first, second] = [people(3), changed(people(3), () => ({ name: 'Other' }))]
    await nights.killedAt(first, idOf(2), 'cut_before', '--concurrency', '1')
    expect((await nights.night(second)).code).toBe(0)
    const { code, summary } = await nights.night(first)
    expect([code, summary.outcomes.updated]).toEqual([0, 3])
    nights.serverHolds(first)
  })

  it('is refused where a plain update left nothing but a doubt since the store was lost', async () => {
    await nights.night(people(3))
    nights.loseStore()
    nights.folder.write('other.csv', `customer,name\n${idOf(1)},Changed Elsewhere\n`)
    const started = nights.folder.start(['update', 'other.csv'], nights.environment)
    nights.rapyd.answer = () => {
      started.kill('SIGKILL')
      return 'cut_after'
    }
    await started.finished
    nights.rapyd.answer = () => undefined
    const { code, error, bodies } = await nights.night(people(3))
    expect([code, bodies]).toEqual([2, {}])
    expect(error).toBe('E_STATE_LOST')
  })

  it('keeps what a run under way confirms while a baseline is taken', async () => {
    const rows = people(3)
    expect((await nights.night(rows)).code).toBe(0)
    const csv = rows.map(({ id }) => `${id},Changed Elsewhere\n`).join('')
    nights.folder.write('other.csv', `customer,name\n${csv}`)
    const started = nights.folder.start(['update', 'other.csv', '--concurrency', '1'], nights.environment)
    const stopped = Promise.withResolvers<void>()
    nights.rapyd.answer = ({ id }) => {
      if (id === idOf(0)) {
        started.kill('SIGSTOP')
        stopped.resolve()
      }
      return undefined
    }
    await stopped.promise
    const baseline = await nights.command('state', 'baseline', 'crm.csv')
    started.kill('SIGCONT')
    expect([baseline.code, (await started.finished).code]).toEqual([0, 0])
    expect(Object.keys((await nights.night(rows)).bodies)).toHaveLength(3)
    nights.serverHolds(rows)
  })

  it.each([
    ['leaves addresses out that a killed run has added', 'cut_after', { name: 'Newer' }],
    [
      'adds addresses that a killed run has not added',
      'cut_before',
      { name: 'Newer', addresses: [{ name: 'Home' }] },
    ],
  ] as const)('%s', async (_, answer, expected) => {
    const [customer] = [idOf(7)]
    const write = (name: string, home: string): void =>
      nights.folder.write('a.csv', `customer,name,addresses[0].name\n${customer},${name},${home}\n`)
    const args = ['update', 'a.csv', '--only-changed', '--accept-change', 'all', '--quiet']
    write('Name', 'Old')
    expect((await nights.command(...args)).code).toBe(0)
    write('New', 'Home')
    const started = nights.folder.start(args, nights.environment)
    nights.rapyd.answer = () => {
      started.kill('SIGKILL')
      return answer
    }
    await started.finished
    nights.rapyd.answer = () => undefined
    nights.rapyd.updates.length = 0
    // Another export, and so another run.
    write('Newer', 'Home')
    expect((await nights.command(...args)).code).toBe(0)
    expect(nights.rapyd.updates.map(({ body }) => JSON.parse(body))).toEqual([expected])
    expect((await nights.command(...args)).code).toBe(0)
    expect(nights.rapyd.updates).toHaveLength(1)
  })

  it('sends a value again that it knows, where a plain update of another one died unanswered', async () => {
    const rows = people(3)
    await nights.night(rows)
    nights.folder.write('other.csv', `customer,name\n${idOf(1)},New\n`)
    const started = nights.folder.start(['update', 'other.csv', '--quiet'], nights.environment)
    nights.rapyd.answer = () => {
      started.kill('SIGKILL')
      return 'never'
    }
    await started.finished
    nights.rapyd.answer = () => undefined
    expect((await nights.night(rows)).bodies).toEqual({ [idOf(1)]: { name: rows[1]?.name } })
    nights.serverHolds(rows)
  })

  it('sends with a redo what its night would have sent', async () => {
    const rows = people(3)
    await nights.night(rows)
    const next = renamed(rows, 1, 'New')
    nights.rapyd.answer = () => ({ status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') })
    const { summary } = await nights.night(next)
    expect(summary.outcomes.rejected).toBe(1)
    nights.rapyd.answer = () => undefined
    nights.rapyd.updates.length = 0
    expect((await nights.command('redo', summary.run_id, '--quiet')).code).toBe(0)
    expect(nights.rapyd.updates.map(({ body }) => body)).toEqual(['{"name":"New"}'])
    nights.serverHolds(next)
    const { bodies, summary: after } = await nights.night(next)
    expect([bodies, after.sync.vanished]).toEqual([{}, 0])
  })

  it('knows what a rollback has put back', async () => {
    const rows = people(3)
    await nights.night(rows)
    const { summary } = await nights.night(renamed(rows, 1, 'New'), { backup: true })
    expect((await nights.command('rollback', summary.run_id, '--quiet')).code).toBe(0)
    nights.serverHolds(rows)
    expect((await nights.night(rows)).bodies).toEqual({})
    const { bodies } = await nights.night(renamed(rows, 1, 'New'))
    expect(bodies).toEqual({ [idOf(1)]: { name: 'New' } })
  })
})

describe('a store that is lost', () => {
  it('stays lost for the next night where a plain update came after one that was refused', async () => {
    const rows = people(3)
    const { summary } = await nights.night(rows)
    await nights.night(renamed(rows, 0, 'New'))
    nights.loseStore()
    rmSync(join(nights.folder.path, 'rapyd-runs', summary.run_id), { recursive: true })
    expect((await nights.night(rows)).error).toBe('E_STATE_LOST')
    expect((await sentElsewhere('Changed Elsewhere')).code).toBe(0)
    const { code, error, bodies } = await nights.night(rows)
    expect([code, bodies]).toEqual([2, {}])
    expect(error).toBe('E_STATE_LOST')
  })

  it('begins anew with --new-state, and may be lost again', async () => {
    const rows = people(3)
    await nights.night(rows)
    expect((await sentElsewhere('Changed Elsewhere', '--runs-dir', 'elsewhere')).code).toBe(0)
    nights.loseStore()
    const { code, error, bodies } = await nights.night(rows)
    expect([code, bodies]).toEqual([2, {}])
    expect(error).toBe('E_STATE_LOST')
    const anew = await nights.night(rows, { newState: true })
    expect([anew.code, Object.keys(anew.bodies)]).toEqual([0, rows.map(({ id }) => id)])
    expect(anew.summary.sync).toMatchObject({ state: 'first', unchanged: 0 })
    nights.serverHolds(rows)
    expect((await nights.night(rows)).bodies).toEqual({})
    nights.loseStore()
    expect((await nights.night(rows)).error).toBe('E_STATE_LOST')
  })

  it('is not asked for digests of another secret key', async () => {
    const rows = people(3)
    await nights.night(rows)
    const rotated = { ...nights.environment, RAPYD_SECRET_KEY: 'another-secret' }
    const shown = await nights.folder.run(['state', 'show'], rotated)
    expect([shown.code, shown.stderr]).toEqual([2, expect.stringContaining('E_STATE_OTHER')])
    const args = ['update', 'crm.csv', '--only-changed', '--accept-change', 'all']
    const night = await nights.folder.run(args, rotated)
    expect([night.code, night.stderr]).toEqual([2, expect.stringContaining('E_STATE_OTHER')])
    // Nothing was taken from whoever has the right keys.
    expect((await nights.night(rows)).bodies).toEqual({})
    nights.loseStore()
    const lost = await nights.folder.run(args, rotated)
    expect([lost.code, lost.stderr]).toEqual([2, expect.stringContaining('E_STATE_LOST')])
  })

  it('is refused where all of it came out of a backup', async () => {
    const rows = people(3)
    await nights.night(rows)
    const backup = join(nights.folder.path, 'backup')
    cpSync(nights.storeFolder, backup, { recursive: true })
    await nights.night(renamed(rows, 1, 'New'))
    nights.loseStore()
    cpSync(backup, nights.storeFolder, { recursive: true })
    const refused = await nights.night(rows)
    expect([refused.code, refused.bodies]).toEqual([2, {}])
    expect(refused.error).toBe('E_STATE_LOST')
    // Whoever only keeps it true must not hide it.
    expect((await sentElsewhere('Changed Elsewhere')).code).toBe(0)
    expect((await nights.night(rows)).error).toBe('E_STATE_LOST')
    expect((await nights.command('state', 'baseline', 'crm.csv')).code).toBe(0)
    expect((await nights.night(rows)).error).toBe('')
  })

  it('is not refused for runs of another account that another store has', async () => {
    const rows = people(2)
    nights.folder.write('crm.csv', csvOf(rows))
    const rehearsed = await nights.command('update', 'crm.csv', '--env', 'simulator', '--store', 'other.db')
    expect(rehearsed.code).toBe(0)
    expect((await nights.night(rows)).code).toBe(0)
    nights.loseStore()
    expect((await nights.night(rows)).error).toBe('E_STATE_LOST')
  })

  it('counts nobody as vanished once it begins anew', async () => {
    const rows = people(4)
    await nights.night(rows)
    expect((await nights.night(rows.slice(1))).summary.sync.vanished).toBe(1)
    nights.loseStore()
    const { summary } = await nights.night(rows.slice(2), { newState: true })
    expect(summary.sync).toMatchObject({ state: 'first', vanished: 0 })
    const shown = JSON.parse((await nights.command('state', 'show', '--json')).stdout)
    expect(shown).toMatchObject({ customers: 2, nights: [{ rows: 2, vanished: 0 }] })
  })
})

describe('a first night', () => {
  it('that had the wrong secret key keeps nobody from the right one', async () => {
    const args = ['update', 'crm.csv', '--only-changed']
    const rows = people(2)
    nights.folder.write('crm.csv', csvOf(rows))
    const wrong = { ...nights.environment, RAPYD_SECRET_KEY: 'mistyped' }
    expect((await nights.folder.run(args, wrong)).code).toBe(4)
    const { code, summary } = await nights.night(rows)
    expect([code, summary.outcomes.updated, summary.sync.state]).toEqual([0, 2, 'first'])
  })

  it('is refused like any run where the file has far fewer rows than the last', async () => {
    const rows = people(40)
    await nights.night(rows)
    nights.folder.write('crm.csv', csvOf(rows.slice(0, 15)))
    nights.rapyd.updates.length = 0
    const { code, stderr } = await nights.command('update', 'crm.csv', '--only-changed')
    expect([code, stderr]).toEqual([3, expect.stringContaining('E_UNLIKE_LAST')])
    expect(nights.rapyd.updates).toEqual([])
    // The night did not take place.
    expect((await nights.night(rows)).summary.sync.vanished).toBe(0)
  })
})
