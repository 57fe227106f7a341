/** What version 0.1 knew of an account, in a folder of its own next to the store: it is taken over once, or refused by name. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { storeIn } from './support/store.ts'
import { idOf, people, renamed, startNights, type Nights } from './support/sync-nights.ts'

let nights: Nights
beforeEach(async () => {
  nights = await startNights()
})
afterEach(() => nights.close())

/** Makes of the store what version 0.1 would have left. Returns the path of its state. */
function makeFormer(): string {
  const store = new DatabaseSync(storeIn(nights.folder.path))
  const [account] = store.prepare('SELECT host, account, key_check FROM account').all()
  const customers = store.prepare('SELECT customer, fields FROM field_state').all()
  const seen = store.prepare('SELECT export, customer, run, gone FROM export_customer').all()
  const exports = store.prepare('SELECT run, export, at, rows, vanished FROM export_run').all()
  store.close()
  nights.loseStore()
  const directory = join(
    nights.storeFolder,
    `${String(account?.['host']).replace(/[^A-Za-z0-9.-]/g, '_')}-${String(account?.['account'])}`,
  )
  mkdirSync(directory, { recursive: true })
  const former = new DatabaseSync(join(directory, 'sync.db'))
  former.exec(`CREATE TABLE owner (name TEXT, value TEXT); CREATE TABLE customer (id TEXT, fields TEXT);
    CREATE TABLE seen (export TEXT, customer TEXT, run TEXT, gone TEXT); CREATE TABLE runs_dir (path TEXT);
    CREATE TABLE night (run TEXT, export TEXT, at INTEGER, rows INTEGER, vanished INTEGER)`)
  const owner = { host: account?.['host'], account: account?.['account'], keyCheck: account?.['key_check'] }
  for (const [name, value] of Object.entries({ ...owner, epoch: 'e', serial: '7' }))
    former.prepare('INSERT INTO owner VALUES (?, ?)').run(name, String(value))
  for (const { customer, fields } of customers) {
    const entries: [string, [string, number, number]][] = Object.entries(JSON.parse(String(fields)))
    const text = entries.map(([field, [digest, , at]]) => [field, `${digest}.${at.toString(36)}`])
    former
      .prepare('INSERT INTO customer VALUES (?, ?)')
      .run(String(customer), JSON.stringify(Object.fromEntries(text)))
  }
  for (const row of seen) former.prepare('INSERT INTO seen VALUES (?, ?, ?, ?)').run(...Object.values(row))
  for (const row of exports)
    former.prepare('INSERT INTO night VALUES (?, ?, ?, ?, ?)').run(...Object.values(row))
  former.prepare('INSERT INTO runs_dir VALUES (?)').run(join(nights.folder.path, 'rapyd-runs'))
  former.close()
  const step = join(nights.folder.path, 'rapyd-runs', `.sync-${directory.split('/').at(-1)}`)
  writeFileSync(step, 'e 7')
  return join(directory, 'sync.db')
}

describe('the state of version 0.1', () => {
  it('is taken over once, and stays as it is', async () => {
    const rows = people(4)
    await nights.night(rows)
    const former = makeFormer()
    const before = readFileSync(former)
    const next = renamed(rows.slice(1), 0, 'New')
    const { code, bodies, summary } = await nights.night(next)
    expect([code, bodies]).toEqual([0, { [idOf(1)]: { name: 'New' } }])
    expect(summary.sync).toMatchObject({ state: 'known', vanished: 1 })
    expect(readFileSync(former).equals(before)).toBe(true)
    expect((await nights.night(next)).bodies).toEqual({})
  })

  it.each([
    [
      'is damaged',
      (former: string) => writeFileSync(former, 'no database at all, but longer than a header is'),
    ],
    [
      'is behind what a later run has noted',
      () => {
        const runsDir = join(nights.folder.path, 'rapyd-runs')
        for (const name of readdirSync(runsDir).filter((each) => each.startsWith('.sync-')))
          writeFileSync(join(runsDir, name), 'e 8')
      },
    ],
  ])('is refused each time if it %s, until --new-state or a baseline', async (_, damage) => {
    const rows = people(3)
    await nights.night(rows)
    damage(makeFormer())
    for (let start = 1; start <= 2; start++) {
      const { code, error, bodies } = await nights.night(rows)
      expect([code, error, bodies]).toEqual([2, 'E_STATE_LOST', {}])
    }
    expect(Object.keys((await nights.night(rows, { newState: true })).bodies)).toHaveLength(3)
    expect((await nights.night(rows)).bodies).toEqual({})
  })

  it('is not needed by a plain update', async () => {
    await nights.night(people(3))
    writeFileSync(makeFormer(), 'no database at all, but longer than a header is')
    nights.folder.write('other.csv', `customer,name\n${idOf(1)},Changed Elsewhere\n`)
    expect((await nights.command('update', 'other.csv', '--quiet')).code).toBe(0)
  })
})
