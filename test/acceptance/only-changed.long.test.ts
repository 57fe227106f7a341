/** `update --only-changed` and `state`: the real command against a Rapyd that remembers. */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { envelope } from './support/rapyd-server.ts'
import {
  changed,
  csvOf,
  idOf,
  people,
  renamed,
  startNights,
  type Nights,
  type Person,
} from './support/sync-nights.ts'

let nights: Nights
beforeEach(async () => {
  nights = await startNights()
})
afterEach(() => nights.close())

describe('update --only-changed', () => {
  it('sends the fields that differ since last night, to the customers that have such, and nothing else', async () => {
    const rows = people(40)
    const first = await nights.night(rows)
    expect([first.code, Object.keys(first.bodies).length]).toEqual([0, 40])
    expect(first.summary.sync).toEqual({ state: 'first', unchanged: 0, fields_left_out: 0, vanished: 0 })
    const next = changed(rows.slice(2), () => ({}))
    Object.assign(next[3] ?? {}, { email: 'new@example.com' })
    Object.assign(next[9] ?? {}, { name: '', tier: 'bronze' })
    const second = await nights.night(next)
    expect(second.bodies).toEqual({
      [idOf(5)]: { email: 'new@example.com' },
      [idOf(11)]: { name: '', metadata: { tier: 'bronze' } },
    })
    expect(second.summary).toMatchObject({
      outcomes: { updated: 2, unchanged: 36 },
      sync: { state: 'known', unchanged: 36, fields_left_out: 3, vanished: 2 },
    })
    const directory = join(nights.folder.path, 'rapyd-runs', second.summary.run_id)
    const vanished = join(directory, 'vanished.csv')
    expect(readFileSync(vanished, 'utf8')).toBe(`customer_id\n${idOf(0)}\n${idOf(1)}\n`)
    expect(statSync(vanished).mode & 0o777).toBe(0o600)
    rmSync(vanished)
    expect((await nights.command('report', second.summary.run_id)).code).toBe(0)
    expect(readFileSync(vanished, 'utf8')).toBe(`customer_id\n${idOf(0)}\n${idOf(1)}\n`)
    nights.serverHolds(next)
  })

  it('has listed who is gone before it writes what else it reports', async () => {
    const rows = people(3)
    await nights.night(rows)
    const directory = join(nights.folder.path, 'rapyd-runs', 'second')
    nights.rapyd.answer = () => {
      mkdirSync(join(directory, 'results.csv'))
      return undefined
    }
    const { code, error } = await nights.night(renamed(rows.slice(1), 0, 'New'), { runId: 'second' })
    expect([code, error]).toEqual([6, 'E_REPORT_WRITE'])
    expect(readFileSync(join(directory, 'vanished.csv'), 'utf8')).toBe(`customer_id\n${idOf(0)}\n`)
  })

  it('tells exports of the same name apart by their folders', async () => {
    const send = async (folder: string, rows: readonly Person[]): Promise<unknown> => {
      mkdirSync(join(nights.folder.path, folder), { recursive: true })
      nights.folder.write(`${folder}/crm.csv`, csvOf(rows))
      const args = ['--only-changed', '--accept-change', 'all', '--json']
      const { stdout } = await nights.command('update', `${folder}/crm.csv`, ...args)
      return JSON.parse(stdout).sync.vanished
    }
    const [eu, us] = [people(4).slice(0, 2), people(4).slice(2)]
    expect([await send('eu', eu), await send('us', us)]).toEqual([0, 0])
    expect([await send('eu', eu.slice(1)), await send('us', renamed(us, 1, 'New'))]).toEqual([1, 0])
    const { stdout } = await nights.command('state', 'show', '--json')
    const path = (folder: string): string => join(realpathSync(nights.folder.path), folder, 'crm.csv')
    const shown = JSON.parse(stdout).nights.map((night: { export: string }) => night.export)
    expect(shown.toSorted()).toEqual([path('eu'), path('us')])
  })

  it('sends a file of an earlier night once more where another came between', async () => {
    const rows = people(3)
    const other = changed(rows, () => ({ name: 'Other' }))
    await nights.night(rows)
    await nights.night(other)
    const { bodies } = await nights.night(rows)
    expect(Object.keys(bodies)).toHaveLength(3)
    nights.serverHolds(rows)
    expect((await nights.night(rows)).bodies).toEqual({})
  })

  it('sends whole rows of those that changed with --whole-rows', async () => {
    const rows = people(3)
    await nights.night(rows)
    const next = renamed(rows, 1, 'New')
    nights.folder.write('crm.csv', csvOf(next))
    nights.rapyd.updates.length = 0
    expect((await nights.command('update', 'crm.csv', '--only-changed', '--whole-rows')).code).toBe(0)
    expect(nights.rapyd.updates.map(({ id, body }) => [id, JSON.parse(body)])).toEqual([
      [idOf(1), { name: 'New', email: rows[1]?.email, metadata: { tier: 'canary-silver' } }],
    ])
  })

  it('sends again what was refused or may not have arrived last night', async () => {
    const rows = people(4)
    await nights.night(rows)
    const next = changed(rows, ({ name }) => ({ name: `${name} II` }))
    nights.rapyd.answer = ({ id }) => {
      if (id === idOf(0)) return { status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') }
      return id === idOf(1) ? { status: 500, body: envelope('ERROR', 'INTERNAL') } : undefined
    }
    nights.rapyd.answerRead = () => undefined
    const second = await nights.night(next.slice(0, 1).concat(next.slice(2)))
    expect(second.summary.outcomes).toMatchObject({ rejected: 1, updated: 2 })
    nights.rapyd.answer = () => undefined
    const third = await nights.night(next)
    expect(Object.keys(third.bodies)).toEqual([idOf(0), idOf(1)])
    nights.serverHolds(next)
  })

  it('knows what a plain update has changed since', async () => {
    const rows = people(3)
    await nights.night(rows)
    nights.folder.write('other.csv', `customer,name\n${idOf(1)},Changed Elsewhere\n`)
    expect((await nights.command('update', 'other.csv', '--quiet')).code).toBe(0)
    const { bodies } = await nights.night(rows)
    expect(bodies).toEqual({ [idOf(1)]: { name: rows[1]?.name } })
    nights.serverHolds(rows)
  })

  it('goes on with a night that was killed, and sends nothing twice', async () => {
    const rows = people(60)
    await nights.night(rows)
    const next = changed(rows, (_, index) => (index % 3 === 0 ? { email: `new-${index}@example.com` } : {}))
    nights.rapyd.updates.length = 0
    for (const deadAt of [3, 9, 14]) {
      const started = nights.begin(next, '--rate', '200/1s', '--concurrency', '4')
      nights.rapyd.answer = () => {
        if (nights.rapyd.updates.length === deadAt) started.kill('SIGKILL')
        return undefined
      }
      await started.finished
    }
    nights.rapyd.answer = () => undefined
    const killed = [...nights.rapyd.updates]
    const { code, summary } = await nights.night(next)
    expect([code, summary.outcomes.updated, summary.outcomes.unchanged]).toEqual([0, 20, 40])
    nights.serverHolds(next)
    const sent = [...killed, ...nights.rapyd.updates].map(({ id, body }) => `${id} ${body}`)
    expect(new Set(sent).size).toBe(20)
    expect(sent).toHaveLength(20)
    expect((await nights.night(next)).bodies).toEqual({})
  })

  it('does not trust what it knew of a customer whose call was killed', async () => {
    const rows = people(3)
    await nights.night(rows)
    const next = renamed(rows, 1, 'New')
    await nights.killedAt(next, idOf(1), 'cut_after')
    expect(nights.rapyd.customer(idOf(1))['name']).toBe('New')
    // Another night comes, and the export has the old name again.
    const { bodies } = await nights.night(rows)
    expect(bodies).toEqual({ [idOf(1)]: { name: rows[1]?.name } })
    nights.serverHolds(rows)
  })

  it('sends a row in doubt again just as it was sent, whatever is known by then', async () => {
    const rows = people(3)
    await nights.night(rows)
    const next = renamed(rows, 1, 'New')
    await nights.killedAt(next, idOf(1), 'cut_before')
    const [killed] = nights.rapyd.updates.splice(0).slice(-1)
    expect((await nights.command('state', 'forget', '--customer', idOf(1))).code).toBe(0)
    expect((await nights.command('update', 'crm.csv', '--only-changed', '--accept-change', 'all')).code).toBe(
      0,
    )
    const { body, idempotency } = nights.rapyd.updates[0] ?? {}
    expect({ body, idempotency }).toEqual({ body: killed?.body, idempotency: killed?.idempotency })
    expect(nights.rapyd.updates).toHaveLength(1)
  })

  it('knows what a plain update alone has sent', async () => {
    const rows = people(3)
    nights.folder.write('crm.csv', csvOf(rows))
    expect((await nights.command('update', 'crm.csv', '--quiet')).code).toBe(0)
    const { stdout } = await nights.command('state', 'show', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ customers: 3, fields: 9, nights: [] })
    const same = await nights.night(rows)
    expect([same.code, same.bodies]).toEqual([0, {}])
    expect(same.summary.sync).toMatchObject({ state: 'known', unchanged: 3 })
    const { bodies } = await nights.night(renamed(rows, 1, 'New'))
    expect(bodies).toEqual({ [idOf(1)]: { name: 'New' } })
  })

  it('is refused each time where the store is lost, until it is told what was sent', async () => {
    const rows = people(6)
    await nights.night(rows)
    const next = renamed(rows, 2, 'New')
    await nights.night(next)
    nights.loseStore()
    for (const file of [rows, next, rows]) {
      const { code, error, bodies } = await nights.night(file)
      expect([code, error, bodies]).toEqual([2, 'E_STATE_LOST', {}])
    }
    nights.folder.write('last.csv', csvOf(next))
    expect((await nights.command('state', 'baseline', 'last.csv')).code).toBe(0)
    expect((await nights.night(rows)).bodies).toEqual({ [idOf(2)]: { name: rows[2]?.name } })
    nights.loseStore()
    nights.rapyd.updates.length = 0
    const args = ['update', 'crm.csv', '--only-changed', '--new-state', '--accept-change', 'all']
    expect((await nights.command(...args)).code).toBe(0)
    expect(nights.rapyd.updates).toHaveLength(6)
    expect((await nights.night(rows)).bodies).toEqual({})
  })

  it('refuses the state of other keys', async () => {
    const rows = people(2)
    await nights.night(rows)
    const keys = { ...nights.rapyd.keys, RAPYD_SECRET_KEY: 'another-secret' }
    const args = ['update', 'crm.csv', '--only-changed', '--new-run']
    const rotated = await nights.folder.run(args, { ...nights.environment, ...keys })
    expect([rotated.code, rotated.stderr]).toEqual([2, expect.stringContaining('E_STATE_OTHER')])
    const other = await nights.folder.run(args, { ...nights.environment, RAPYD_ACCESS_KEY: 'another-access' })
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('E_STATE_OTHER')])
    expect(nights.rapyd.updates).toHaveLength(2)
  })

  it('is skipped with exit 7 and a record while another night is under way', async () => {
    const rows = people(2)
    await nights.night(rows)
    const other = changed(rows, () => ({ name: 'Other' }))
    const asked = new Promise<void>((resolve) => {
      nights.rapyd.answer = () => {
        resolve()
        return 'never'
      }
    })
    const under = nights.begin(other)
    await asked
    const skipped = await nights.night(changed(rows, () => ({ name: 'New' })))
    under.kill('SIGKILL')
    await under.finished
    expect([skipped.code, skipped.error]).toEqual([7, 'E_BUSY'])
    const { stdout } = await nights.command('state', 'show', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      customers: 2,
      skipped: [{ export: expect.stringMatching(/crm.csv$/) }],
    })
  })

  it('keeps no value of any cell', async () => {
    await nights.night(people(5))
    const files = readdirSync(nights.folder.path, { recursive: true, withFileTypes: true })
    for (const file of files.filter((entry) => entry.isFile() && entry.name !== 'crm.csv')) {
      const path = join(file.parentPath, file.name)
      expect(readFileSync(path, 'latin1').toLowerCase(), path).not.toContain('canary')
    }
  })

  it('needs a server that remembers', async () => {
    nights.folder.write('crm.csv', csvOf(people(1)))
    const { code, stderr } = await nights.command('update', 'crm.csv', '--only-changed', '--env', 'simulator')
    expect([code, stderr]).toEqual([2, expect.stringContaining('[E_OPTION_CONFLICT]')])
  })

  describe('state', () => {
    it('baseline takes a file as applied', async () => {
      const rows = people(5)
      nights.folder.write('last.csv', csvOf(rows))
      const { code, stdout } = await nights.command('state', 'baseline', 'last.csv')
      expect([code, stdout]).toEqual([0, 'Taken as applied: 5 rows. Nothing was sent.\n'])
      const next = renamed(rows, 4, 'New')
      expect((await nights.night(next)).bodies).toEqual({ [idOf(4)]: { name: 'New' } })
    })

    it('forget makes the next night send a customer whole', async () => {
      const rows = people(3)
      await nights.night(rows)
      expect((await nights.command('state', 'forget', '--customer', idOf(1))).code).toBe(0)
      expect(Object.keys((await nights.night(rows)).bodies)).toEqual([idOf(1)])
    })

    it('forget is not undone by a run that goes on', async () => {
      const rows = people(4)
      await nights.killedAt(rows, idOf(3), 'cut_before', '--concurrency', '1')
      expect((await nights.command('state', 'forget', '--all')).code).toBe(0)
      expect((await nights.night(rows)).code).toBe(0)
      // The rows just before the last may have been in doubt, and are then sent by the run that goes on.
      expect(Object.keys((await nights.night(rows)).bodies)).toContain(idOf(0))
      expect((await nights.night(rows)).bodies).toEqual({})
    })

    it('rebuild is no action any more, and the error says why', async () => {
      await nights.night(people(3))
      const { code, stderr } = await nights.command('state', 'rebuild')
      expect([code, stderr]).toEqual([2, expect.stringContaining('E_USAGE')])
      expect(stderr).toContain('state baseline')
      expect((await nights.night(people(3))).bodies).toEqual({})
    })

    it.each([
      ['state', 'show'],
      ['state', 'forget', '--all'],
      ['state', 'forget'],
      ['state', 'rebuild'],
      ['state', 'baseline'],
      ['state', 'show', 'file.csv'],
    ])('%s %s says what is missing', async (...args) => {
      const { code, stderr } = await nights.command(...args)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/E_NO_STATE|E_USAGE/)])
    })
  })
})
