/** Nights of a sync: `update --only-changed` and `state`, the real command against a Rapyd that remembers. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockRun } from '../../src/store/lock.ts'
import { freshFolder } from '../support/command.ts'
import type { Finished, Folder } from '../support/command.ts'
import { envelope, startRapydServer } from '../support/rapyd-server.ts'
import type { RapydServer } from '../support/rapyd-server.ts'

interface Person {
  readonly id: string
  name: string
  email: string
  tier: string
}

const idOf = (number: number): string => `cus_${number.toString(16).padStart(32, '0')}`
const people = (count: number): Person[] =>
  Array.from({ length: count }, (_, index) => ({
    id: idOf(index),
    name: `Canary-Name ${index}`,
    email: `canary-${index}@example.com`,
    tier: index % 2 === 0 ? 'canary-gold' : 'canary-silver',
  }))
/** The rows again, with another name for one of them. */
const renamed = (rows: readonly Person[], at: number, name: string): Person[] =>
  changed(rows, (_, index) => (index === at ? { name } : {}))
/** The rows again, with what is changed in each. */
const changed = (
  rows: readonly Person[],
  change: (row: Person, index: number) => Partial<Person>,
): Person[] => rows.map((row, index) => Object.assign({}, row, change(row, index)))
const csvOf = (rows: readonly Person[]): string =>
  `customer,name,email,metadata.tier\n${rows.map(({ id, name, email, tier }) => `${id},${name},${email},${tier}\n`).join('')}`

describe('update --only-changed', () => {
  let folder: Folder
  let rapyd: RapydServer
  beforeEach(async () => {
    folder = freshFolder()
    rapyd = await startRapydServer()
  })
  afterEach(async () => {
    await rapyd.close()
    folder.remove()
  })

  const environment = (): Record<string, string> => ({ RAPYD_BASE_URL: rapyd.url, ...rapyd.keys })
  const command = (...args: readonly string[]): Promise<Finished> => folder.run(args, environment())
  const tonight = (...more: readonly string[]): Promise<Finished> =>
    command(
      'update',
      'crm.csv',
      '--only-changed',
      '--rate',
      'none',
      '--json',
      '--accept-change',
      'all',
      ...more,
    )

  /** Sends a file, and gives what was asked of the server meanwhile. */
  async function night(rows: readonly Person[], ...more: readonly string[]) {
    folder.write('crm.csv', csvOf(rows))
    rapyd.updates.length = 0
    const { code, stdout, stderr } = await tonight(...more)
    const bodies = Object.fromEntries(rapyd.updates.map(({ id, body }) => [id, JSON.parse(body)]))
    return { code, stderr, summary: code === 2 || code === 7 ? {} : JSON.parse(stdout), bodies }
  }

  function serverHolds(rows: readonly Person[]): void {
    for (const { id, name, email, tier } of rows)
      expect(rapyd.customer(id)).toEqual({ name, email, metadata: { tier } })
    expect(rapyd.broken).toEqual([])
  }

  const stateFolder = (): string => {
    const base = join(folder.path, '.state', 'rapyd-bulk')
    return join(base, readdirSync(base)[0] ?? '')
  }
  const loseState = (): void => rmSync(stateFolder(), { recursive: true })

  it('sends the fields that differ since last night, to the customers that have such, and nothing else', async () => {
    const rows = people(40)
    const first = await night(rows)
    expect([first.code, Object.keys(first.bodies).length]).toEqual([0, 40])
    expect(first.summary.sync).toEqual({ state: 'first', unchanged: 0, vanished: 0 })
    const next = changed(rows.slice(2), () => ({}))
    Object.assign(next[3] ?? {}, { email: 'new@example.com' })
    Object.assign(next[9] ?? {}, { name: '', tier: 'bronze' })
    const second = await night(next)
    expect(second.bodies).toEqual({
      [idOf(5)]: { email: 'new@example.com' },
      [idOf(11)]: { name: '', metadata: { tier: 'bronze' } },
    })
    expect(second.summary).toMatchObject({
      outcomes: { updated: 2, unchanged: 36 },
      sync: { state: 'known', unchanged: 36, vanished: 2 },
    })
    const directory = join(folder.path, 'rapyd-runs', second.summary.run_id)
    const vanished = join(directory, 'vanished.csv')
    expect(readFileSync(vanished, 'utf8')).toBe(`customer_id\n${idOf(0)}\n${idOf(1)}\n`)
    expect(statSync(vanished).mode & 0o777).toBe(0o600)
    serverHolds(next)
  })

  it('sends a file of an earlier night once more where another came between', async () => {
    const rows = people(3)
    const other = changed(rows, () => ({ name: 'Other' }))
    await night(rows)
    await night(other)
    const { bodies } = await night(rows)
    expect(Object.keys(bodies)).toHaveLength(3)
    serverHolds(rows)
    expect((await night(rows)).bodies).toEqual({})
  })

  it('sends whole rows of those that changed with --whole-rows', async () => {
    const rows = people(3)
    await night(rows)
    const next = renamed(rows, 1, 'New')
    const { bodies } = await night(next, '--whole-rows')
    expect(bodies).toEqual({
      [idOf(1)]: { name: 'New', email: rows[1]?.email, metadata: { tier: 'canary-silver' } },
    })
  })

  it('sends again what was refused or may not have arrived last night', async () => {
    const rows = people(4)
    await night(rows)
    const next = changed(rows, ({ name }) => ({ name: `${name} II` }))
    rapyd.answer = ({ id }) => {
      if (id === idOf(0)) return { status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER') }
      return id === idOf(1) ? { status: 500, body: envelope('ERROR', 'INTERNAL') } : undefined
    }
    rapyd.answerRead = () => undefined
    const second = await night(next.slice(0, 1).concat(next.slice(2)))
    expect(second.summary.outcomes).toMatchObject({ rejected: 1, updated: 2 })
    rapyd.answer = () => undefined
    const third = await night(next)
    expect(Object.keys(third.bodies)).toEqual([idOf(0), idOf(1)])
    serverHolds(next)
  })

  it('knows what a plain update has changed since', async () => {
    const rows = people(3)
    await night(rows)
    folder.write('other.csv', `customer,name\n${idOf(1)},Changed Elsewhere\n`)
    expect((await command('update', 'other.csv', '--quiet')).code).toBe(0)
    const { bodies } = await night(rows)
    expect(bodies).toEqual({ [idOf(1)]: { name: rows[1]?.name } })
    serverHolds(rows)
  })

  it('goes on with a night that was killed, and sends nothing twice', async () => {
    const rows = people(60)
    await night(rows)
    const next = changed(rows, (_, index) => (index % 3 === 0 ? { email: `new-${index}@example.com` } : {}))
    folder.write('crm.csv', csvOf(next))
    rapyd.updates.length = 0
    for (const deadAt of [3, 9, 14]) {
      const args = [
        'update',
        'crm.csv',
        '--only-changed',
        '--rate',
        '200/1s',
        '--concurrency',
        '4',
        '--accept-change',
        'all',
      ]
      const started = folder.start(args, environment())
      rapyd.answer = () => {
        if (rapyd.updates.length === deadAt) started.kill('SIGKILL')
        return undefined
      }
      await started.finished
    }
    rapyd.answer = () => undefined
    const { code, summary } = JSON.parse(JSON.stringify(await finish()))
    expect([code, summary.outcomes.updated, summary.outcomes.unchanged]).toEqual([0, 20, 40])
    serverHolds(next)
    const sent = rapyd.updates.map(({ id, body }) => `${id} ${body}`)
    expect(new Set(sent).size).toBe(20)
    expect(sent).toHaveLength(20)
    expect((await night(next)).bodies).toEqual({})
  })

  async function finish() {
    const { code, stdout } = await tonight()
    return { code, summary: JSON.parse(stdout) }
  }

  /** Kills the night while the update of a customer is at the server. */
  async function killedAt(
    rows: readonly Person[],
    id: string,
    answer: 'cut_before' | 'cut_after',
  ): Promise<void> {
    folder.write('crm.csv', csvOf(rows))
    const started = folder.start(
      ['update', 'crm.csv', '--only-changed', '--accept-change', 'all'],
      environment(),
    )
    rapyd.answer = (call) => {
      if (call.id !== id) return undefined
      started.kill('SIGKILL')
      return answer
    }
    await started.finished
    rapyd.answer = () => undefined
  }

  it('does not trust what it knew of a customer whose call was killed', async () => {
    const rows = people(3)
    await night(rows)
    const next = renamed(rows, 1, 'New')
    await killedAt(next, idOf(1), 'cut_after')
    expect(rapyd.customer(idOf(1))['name']).toBe('New')
    // Another night comes, and the export has the old name again.
    const { bodies } = await night(rows)
    expect(bodies).toEqual({ [idOf(1)]: { name: rows[1]?.name } })
    serverHolds(rows)
  })

  it('sends a row in doubt again just as it was sent, whatever is known by then', async () => {
    const rows = people(3)
    await night(rows)
    const next = renamed(rows, 1, 'New')
    await killedAt(next, idOf(1), 'cut_before')
    const [killed] = rapyd.updates.splice(0).slice(-1)
    expect((await command('state', 'forget', '--customer', idOf(1))).code).toBe(0)
    expect((await tonight()).code).toBe(0)
    const { body, idempotency } = rapyd.updates[0] ?? {}
    expect({ body, idempotency }).toEqual({ body: killed?.body, idempotency: killed?.idempotency })
    expect(rapyd.updates).toHaveLength(1)
  })

  it('is made again from the journals where it is lost, and refuses where they do not tell all', async () => {
    const rows = people(6)
    const first = await night(rows)
    const next = renamed(rows, 2, 'New')
    await night(next)
    loseState()
    const third = await night(rows)
    expect(third.summary.sync).toMatchObject({ state: 'rebuilt', unchanged: 5 })
    expect(third.bodies).toEqual({ [idOf(2)]: { name: rows[2]?.name } })
    loseState()
    rmSync(join(folder.path, 'rapyd-runs', first.summary.run_id), { recursive: true })
    const fourth = await night(next)
    expect([fourth.code, fourth.bodies]).toEqual([2, {}])
    expect(fourth.stderr).toContain('E_STATE_LOST')
    const anew = await night(next, '--new-state')
    expect(Object.keys(anew.bodies)).toHaveLength(6)
  })

  it('refuses the state of other keys', async () => {
    const rows = people(2)
    await night(rows)
    const keys = { ...rapyd.keys, RAPYD_SECRET_KEY: 'another-secret' }
    const args = ['update', 'crm.csv', '--only-changed', '--new-run']
    const rotated = await folder.run(args, { ...environment(), ...keys })
    expect([rotated.code, rotated.stderr]).toEqual([2, expect.stringContaining('E_STATE_OTHER')])
    const other = await folder.run(args, { ...environment(), RAPYD_ACCESS_KEY: 'another-access' })
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('E_STATE_OTHER')])
    expect(rapyd.updates).toHaveLength(2)
  })

  it('is skipped with exit 7 and a record while another night is under way', async () => {
    const rows = people(2)
    await night(rows)
    const unlock = lockRun(stateFolder(), 'test')
    const skipped = await night(changed(rows, () => ({ name: 'New' })))
    unlock()
    expect([skipped.code, skipped.bodies]).toEqual([7, {}])
    const { stdout } = await command('state', 'show', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ customers: 2, skipped: [{ export: 'crm' }] })
  })

  it('keeps no value of any cell', async () => {
    await night(people(5))
    const files = readdirSync(folder.path, { recursive: true, withFileTypes: true })
    for (const file of files.filter((entry) => entry.isFile() && entry.name !== 'crm.csv')) {
      const path = join(file.parentPath, file.name)
      expect(readFileSync(path, 'latin1').toLowerCase(), path).not.toContain('canary')
    }
  })

  it('needs a server that remembers', async () => {
    folder.write('crm.csv', csvOf(people(1)))
    const { code, stderr } = await command('update', 'crm.csv', '--only-changed', '--env', 'simulator')
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('--only-changed needs a server that remembers'),
    ])
  })

  describe('state', () => {
    it('baseline takes a file as applied', async () => {
      const rows = people(5)
      folder.write('last.csv', csvOf(rows))
      const { code, stdout } = await command('state', 'baseline', 'last.csv')
      expect([code, stdout]).toEqual([0, 'Taken as applied: 5 rows. Nothing was sent.\n'])
      const next = renamed(rows, 4, 'New')
      expect((await night(next)).bodies).toEqual({ [idOf(4)]: { name: 'New' } })
    })

    it('forget makes the next night send a customer whole', async () => {
      const rows = people(3)
      await night(rows)
      expect((await command('state', 'forget', '--customer', idOf(1))).code).toBe(0)
      expect(Object.keys((await night(rows)).bodies)).toEqual([idOf(1)])
    })

    it('rebuild makes it again from the journals', async () => {
      const rows = people(3)
      await night(rows)
      loseState()
      const { code, stdout } = await command('state', 'rebuild', '--json')
      expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ customers: 3 })])
      expect((await night(rows)).bodies).toEqual({})
    })

    it.each([
      ['state', 'show'],
      ['state', 'forget', '--all'],
      ['state', 'forget'],
      ['state', 'rebuild'],
      ['state', 'baseline'],
      ['state', 'show', 'file.csv'],
    ])('%s %s says what is missing', async (...args) => {
      const { code, stderr } = await command(...args)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/E_NO_STATE|E_USAGE/)])
    })
  })
})
