/**
 * The store of all runs: what becomes of a run when it is damaged, lost or older than what was sent, who may have a run, and
 * what `store check` finds. Whatever is refused is refused by name, each time, and sends nothing.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'
import { changeStore, copyStore, removeStore, rowsIn, storeIn } from './support/store.ts'

const count = 40
const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const csv = `customer,name\n${Array.from({ length: count }, (_, row) => `${id(row)},Name ${row}`).join('\n')}\n`
/** True for a tmpfs. */
const isMemory = (name: string) => existsSync(name) && statfsSync(name).type === 0x1021994
const codeIn = (stderr: string) => /\[(E_\w+)\]/.exec(stderr)?.[1]

let folder: Folder
let server: RapydServer
/** Puts back what the store was before the session that is killed. */
let putBack = (): void => {}
const path = (...names: readonly string[]) => join(folder.path, ...names)
const store = () => storeIn(folder.path)
const file = (end = '') => `${store()}${end}`
const markOf = (run: string) => path('rapyd-runs', run, '.store-mark')
const folders = () => (existsSync(path('rapyd-runs')) ? readdirSync(path('rapyd-runs')) : [])
const command = (...args: readonly string[]) => folder.run(args, server.keys)
const sending = () => ['--base-url', server.url, '--rate', 'none', '--concurrency', '2'] as const
const update = (...args: readonly string[]) => command('update', 'crm.csv', ...sending(), ...args)
/** Exit code, and the code of the error. */
const endOf = ({ code, stderr }: Finished) => [code, codeIn(stderr)]
const listed = async () => {
  const runs: Record<string, unknown>[] = JSON.parse((await command('runs', '--json')).stdout)
  return runs
}

beforeEach(async () => {
  folder = freshFolder()
  folder.write('crm.csv', csv)
  server = await startRapydServer()
})
afterEach(async () => {
  expect(server.broken).toEqual([])
  await server.close()
  folder.remove()
})

/** Kills an update at a request, whose fate is `answer`. */
async function killedAt(request: number, answer: 'cut_before' | 'cut_after' | 'never'): Promise<void> {
  const started = folder.start(['update', 'crm.csv', ...sending()], server.keys)
  server.answer = () => {
    if (server.updates.length < request) return undefined
    started.kill('SIGKILL')
    return answer
  }
  await started.finished
  server.answer = () => undefined
}

/** Every customer holds the value, and no value was applied twice. */
function expectOnce(): void {
  for (let row = 0; row < count; row++) expect(server.customer(id(row))).toEqual({ name: `Name ${row}` })
  expect(server.applied.map((call) => call.id).toSorted()).toEqual(
    Array.from({ length: count }, (_, row) => id(row)),
  )
}

/** Starts an update that waits for its first answer. */
async function hanging(...args: readonly string[]) {
  const asked = Promise.withResolvers<void>()
  server.answer = () => {
    asked.resolve()
    return 'never'
  }
  const started = folder.start(['update', 'crm.csv', ...sending(), ...args], server.keys)
  await asked.promise
  server.answer = () => undefined
  return started
}

/** Makes the run a former one: a journal in its folder, and nothing in the store. */
async function makeFormer(state: 'open' | 'finished'): Promise<string> {
  await update(...(state === 'open' ? ['--limit', '5'] : []))
  const [run = ''] = folders()
  const journal = new DatabaseSync(path('rapyd-runs', run, 'journal.db'))
  journal.exec('PRAGMA user_version = 4; CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT)')
  journal.prepare("INSERT INTO run VALUES ('state', ?)").run(state)
  journal.close()
  removeStore(store())
  return run
}

/** How many runs are listed for a folder of runs. */
const runsBelow = async (name: string) =>
  JSON.parse((await command('runs', '--json', '--runs-dir', name)).stdout)

/** True if a file of the store holds the text. */
const isStored = (text: string) =>
  readdirSync(path('.state'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text))

describe('a store that has gone backwards', () => {
  beforeEach(async () => {
    expect((await update('--limit', '5')).code).toBe(0)
    putBack = copyStore(store())
    await killedAt(25, 'cut_after')
  })

  it.each<[string, RegExp, () => void]>([
    ['all of it deleted', /^E_STORE_LOST$/, () => removeStore(store())],
    ['the database deleted', /^E_STORE_(?:LOST|DAMAGED)$/, () => rmSync(file())],
    ['the log deleted', /^E_STORE_LOST$/, () => rmSync(file('-wal'))],
    ['the log emptied', /^E_STORE_LOST$/, () => truncateSync(file('-wal'))],
    ['the log cut', /^E_STORE_LOST$/, () => truncateSync(file('-wal'), statSync(file('-wal')).size / 2)],
    ['an old copy put back', /^E_STORE_LOST$/, () => putBack()],
    ['the mark deleted', /^E_STORE_LOST$/, () => rmSync(file('-mark'))],
    ['the mark damaged', /^E_STORE_LOST$/, () => writeFileSync(file('-mark'), 'no mark at all')],
    [
      'the database overwritten',
      /^E_STORE_DAMAGED$/,
      () => writeFileSync(file(), 'no database at all, but some text that is longer than a header'),
    ],
  ])('%s after a kill, is refused each time by name, and nothing is sent', async (what, expected, damage) => {
    damage()
    const before = server.updates.length
    for (let start = 1; start <= 2; start++) {
      const [code, error] = endOf(await update())
      expect([code, error]).toEqual([6, expect.stringMatching(expected)])
    }
    // Others that use the store say the same. One that is not there any more knows nothing of a run.
    const [run = ''] = folders()
    const isGone = what === 'all of it deleted'
    const others = [['report', run], ['redo', run], ['runs'], ['store', 'check']]
    const ends = await Promise.all(others.map(async (args) => endOf(await command(...args))))
    const ofRun = isGone ? [2, 'E_NO_RUN'] : [6, expect.stringMatching(expected)]
    const ofAll = isGone ? [0, undefined] : [6, expect.stringMatching(expected)]
    expect(ends).toEqual([ofRun, ofRun, ofAll, ofAll])
    expect(server.updates).toHaveLength(before)
    expect(server.reads).toEqual([])
  })

  it.each<[string, () => void]>([
    ['an old copy was put back', () => putBack()],
    ['its log was lost', () => rmSync(file('-wal'))],
    ['its mark was lost', () => rmSync(file('-mark'))],
  ])('sends nothing twice once store check --restored has accepted that %s', async (_, damage) => {
    damage()
    expect(endOf(await update())).toEqual([6, 'E_STORE_LOST'])
    const accepted = await command('store', 'check', '--restored', '--json')
    expect(accepted.code).toBe(0)
    expect(JSON.parse(accepted.stdout)).toEqual({ path: store(), problems: [], accepted: true })
    expect(await update()).toMatchObject({ code: 0 })
    // What the store has forgotten was read before it was sent.
    expect(server.reads.length).toBeGreaterThanOrEqual(15)
    expectOnce()
    expect((await update()).stderr).toContain('finished before')
    expect((await command('store', 'check')).code).toBe(0)
  })

  it('begins anew with --new-run if it does not know the run, and sends every row again', async () => {
    removeStore(store())
    const before = server.applied.length
    expect(endOf(await update())).toEqual([6, 'E_STORE_LOST'])
    expect((await update('--new-run')).code).toBe(0)
    expect(server.applied.length - before).toBe(count)
    expect(folders()).toHaveLength(2)
    // The first run is still unknown.
    expect(endOf(await update())).toEqual([6, 'E_STORE_LOST'])
  })

  it('is accepted if nothing was lost but what SQLite makes again', async () => {
    rmSync(file('-shm'))
    expect((await update()).code).toBe(0)
    expectOnce()
  })
})

it('sends no row again that was lost from the store, if a later row of its customer was applied over it', async () => {
  const rows = Array.from({ length: count }, (_, row) => `${id(row % 8)},Name ${row}`)
  folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
  expect((await update('--limit', '5')).code).toBe(0)
  putBack = copyStore(store())
  await killedAt(25, 'cut_after')
  putBack()
  expect((await command('store', 'check', '--restored')).code).toBe(0)
  expect((await update()).code).toBe(1)
  const sent = server.applied.map(({ body }) => body)
  expect(sent).toEqual([...new Set(sent)])
  const results = readFileSync(path('rapyd-runs', folders()[0] ?? '', 'results.csv'), 'utf8')
  expect(results.match(/,unknown,.*a later row was applied/g)).toHaveLength(8)
  expect((await command('redo', folders()[0] ?? '', ...sending())).code).toBe(0)
  for (let row = count - 8; row < count; row++)
    expect(server.customer(id(row % 8))).toEqual({ name: `Name ${row}` })
})

describe('an old copy of the store that is put back with its mark after a kill', () => {
  beforeEach(async () => {
    expect((await update('--limit', '5')).code).toBe(0)
    putBack = copyStore(store(), ['', '-wal', '-shm', '-mark'])
    await killedAt(25, 'cut_after')
    putBack()
  })

  it('is refused by name each time, and nothing is sent; what only looks at it goes on', async () => {
    const [run = ''] = folders()
    const before = server.updates.length
    for (let start = 1; start <= 2; start++) {
      const refused = await update()
      expect(endOf(refused)).toEqual([6, 'E_STORE_LOST'])
      expect(refused.stderr).toMatch(new RegExp(`has \\d+ commits, and .*${run} shows \\d+`))
    }
    const night = await update('--only-changed')
    expect(endOf(night)).toEqual([2, 'E_STATE_LOST'])
    expect(night.stderr).toContain('does not know all that was sent for this account')
    expect(server.updates).toHaveLength(before)
    expect(server.reads).toEqual([])
    expect((await listed()).map((each) => each['run_id'])).toEqual([run])
    expect((await command('report', run)).code).toBe(0)
  })

  it('is accepted with store check --restored, and sends nothing twice; the same copy is refused again', async () => {
    expect((await command('store', 'check', '--restored')).code).toBe(0)
    expect((await update()).code).toBe(0)
    expectOnce()
    expect((await update()).stderr).toContain('finished before')
    putBack()
    expect(endOf(await update())).toEqual([6, 'E_STORE_LOST'])
    expect((await command('store', 'check', '--restored')).code).toBe(0)
    expect((await update()).code).toBe(0)
    expectOnce()
  })

  it.each<[string, (mark: string) => void]>([
    ['is not there', (mark) => rmSync(mark)],
    ['is damaged', (mark) => writeFileSync(mark, 'x'.repeat(100))],
    ['is emptied', (mark) => truncateSync(mark)],
    ['is a folder', (mark) => [rmSync(mark), mkdirSync(mark)]],
    [
      'belongs to another store',
      (mark) => writeFileSync(mark, readFileSync(file('-mark')).toString().replace(/^./, '_')),
    ],
    ['is in a folder that was moved', () => renameSync(path('rapyd-runs'), path('moved'))],
  ])('is taken for the store if the mark in the folder of its run %s', async (_, damage) => {
    const [run = ''] = folders()
    damage(markOf(run))
    expect((await update()).code).toBe(0)
    for (let row = 0; row < count; row++) expect(server.customer(id(row))).toEqual({ name: `Name ${row}` })
  })

  it('is refused to a redo of another run in the same folder', async () => {
    await command('store', 'check', '--restored')
    expect((await update('--settle-after', '0s')).code).toBe(0)
    folder.write('bad.csv', 'customer,email\ncus_00000000000000000000000000000001,x@example.com\n')
    server.answer = () => ({ status: 400, body: '{"status":{"status":"ERROR","error_code":"ERROR_X"}}' })
    expect((await command('update', 'bad.csv', ...sending(), '--run-id', 'bad')).code).toBe(1)
    server.answer = () => undefined
    putBack = copyStore(store(), ['', '-wal', '-shm', '-mark'])
    expect((await command('redo', 'bad', ...sending())).code).toBe(0)
    const before = server.updates.length
    putBack()
    expect(endOf(await command('redo', 'bad', ...sending()))).toEqual([6, 'E_STORE_LOST'])
    expect(server.updates).toHaveLength(before)
  })

  it('is refused with the folder of runs where that was moved to', async () => {
    renameSync(path('rapyd-runs'), path('moved'))
    expect(endOf(await update('--runs-dir', 'moved'))).toEqual([6, 'E_STORE_LOST'])
  })
})

describe('a damaged row', () => {
  it.each([
    ['an outcome', "UPDATE outcome SET kind = 'unchanged' WHERE row = 3", /outcome/],
    ['an intent', "UPDATE intent SET idempotency_key = 'another'", /intent/],
    ['a run without an outcome that it has counted', 'DELETE FROM outcome WHERE row = 2', /outcome/],
  ])('of %s is E_STORE_DAMAGED to the run that resumes, and nothing is sent', async (_, change, named) => {
    await update('--limit', '5')
    await killedAt(9, 'never')
    expect(changeStore(store(), change)).toBeGreaterThan(0)
    const before = server.updates.length
    for (let start = 1; start <= 2; start++) {
      const refused = await update()
      expect(endOf(refused)).toEqual([6, 'E_STORE_DAMAGED'])
      expect(refused.stderr).toMatch(named)
    }
    expect(server.updates).toHaveLength(before)
  })

  it('of the field state makes its customer unknown, and store check counts it', async () => {
    expect((await update('--only-changed')).code).toBe(0)
    const whole = await command('store', 'check', '--json')
    expect([whole.code, JSON.parse(whole.stdout)]).toEqual([
      0,
      { path: store(), problems: [], accepted: false },
    ])
    changeStore(store(), `UPDATE field_state SET fields = '{}' WHERE customer = ?`, id(7))
    const damaged = await command('store', 'check', '--json')
    expect(damaged.code).toBe(6)
    expect(JSON.parse(damaged.stdout).problems).toEqual([expect.stringContaining('field_state: 1 row')])
    server.updates.length = 0
    const again = await update('--only-changed')
    expect([again.code, again.stderr]).toEqual([
      0,
      expect.stringContaining(`${store()} is damaged: what it knows of 1 row `),
    ])
    expect(server.updates.map((call) => call.id)).toEqual([id(7)])
    expect((await command('store', 'check')).code).toBe(0)
  })

  it('is what store check finds before a run does', async () => {
    await update('--limit', '5')
    changeStore(store(), 'UPDATE outcome SET attempts = 7 WHERE row IN (2, 3)')
    const { code, stdout } = await command('store', 'check')
    expect(code).toBe(6)
    expect(stdout).toContain('outcome: 2 rows')
  })

  it('of the names of its columns is what store check finds before a run does', async () => {
    await update('--limit', '5')
    changeStore(store(), 'ALTER TABLE intent RENAME COLUMN customer TO client')
    const { code, stdout } = await command('store', 'check')
    expect([code, stdout]).toEqual([6, expect.stringContaining('its tables are not those')])
  })
})

it('E_RUN_RECORD: a run that does not say how it was begun is not reported or redone, and goes on if that is accepted', async () => {
  await update('--limit', '5')
  const [run = ''] = folders()
  changeStore(store(), "DELETE FROM run_note WHERE name = 'record'")
  for (const args of [
    ['report', run],
    ['redo', run],
    ['verify', run],
    ['rollback', run],
  ])
    expect([args[0], ...endOf(await command(...args))]).toEqual([args[0], 6, 'E_RUN_RECORD'])
  expect(await listed()).toMatchObject([{ run_id: run, state: 'open', next: '' }])
  expect(endOf(await update())).toEqual([2, 'E_KEY_CHANGED'])
  expect((await update('--accept-key-change')).code).toBe(0)
  expectOnce()
  expect((await command('report', run)).code).toBe(0)
})

describe('store check', () => {
  it.each([['store'], ['store', 'repair'], ['store', 'check', 'more']])(
    '%s %s is refused',
    async (...args) => {
      expect(endOf(await command(...args))).toEqual([2, 'E_USAGE'])
    },
  )

  it('takes the store that is named', async () => {
    await update('--store', 'own.db')
    const { code, stdout } = await command('store', 'check', '--store', 'own.db')
    expect([code, stdout]).toEqual([0, expect.stringContaining(path('own.db'))])
  })
})

it('E_STORE_VERSION: a store that a newer version has written is refused, and left as it is', async () => {
  await update('--limit', '5')
  const db = new DatabaseSync(store())
  db.exec('PRAGMA user_version = 99')
  db.close()
  const before = readFileSync(store())
  for (const args of [['runs'], ['store', 'check', '--restored']])
    expect(endOf(await command(...args))).toEqual([6, 'E_STORE_VERSION'])
  expect(endOf(await update())).toEqual([6, 'E_STORE_VERSION'])
  expect(readFileSync(store()).equals(before)).toBe(true)
  expect(server.updates).toHaveLength(5)
})

describe('a run', () => {
  it('is BUSY for a second process before that scans, until the first one has ended', async () => {
    folder.write('crm.csv', `${csv}nobody,Jo\n`)
    const first = await hanging('--max-errors', '100%')
    const before = server.updates.length
    // The scan would refuse the file.
    const second = await update('--max-errors', '0')
    expect(endOf(second)).toEqual([7, 'E_BUSY'])
    expect(second.stderr).toContain(String(first.pid))
    for (const args of [['redo'], ['verify'], ['rollback']])
      expect(endOf(await command(...args, String((await listed())[0]?.['run_id'])))[0]).not.toBe(0)
    expect(server.updates).toHaveLength(before)
    first.kill('SIGKILL')
    await first.finished
    expect((await update('--max-errors', '100%')).code).toBe(1)
    expectOnce()
  })

  it('E_TAKEN_OVER: a process that stood still for longer than its lease sends nothing more', async () => {
    const first = await hanging()
    first.kill('SIGSTOP')
    expect(endOf(await update())).toEqual([7, 'E_BUSY'])
    // As if a minute had passed. What the first one knows of its lease is too old when the rows in doubt are settled.
    changeStore(store(), 'UPDATE run_progress SET lease_until = 1')
    expect((await update('--settle-after', '6s')).code).toBe(0)
    expectOnce()
    const sent = server.updates.length
    first.kill('SIGCONT')
    server.drop()
    expect(endOf(await first.finished)).toEqual([7, 'E_TAKEN_OVER'])
    expect(server.updates).toHaveLength(sent)
    expect((await update()).stderr).toContain('finished before')
    expect(await listed()).toMatchObject([{ state: 'finished', outcomes: { updated: count } }])
  })

  it.each([
    ['a guard', ['--max-clears', '0'], 2, 'E_MAX_CLEARS'],
    ['a file with a bad row', ['--max-clears', '100%', '--strict'], 3, undefined],
    ['nobody to confirm production', ['--max-clears', '100%', '--env', 'production'], 2, 'E_NOT_CONFIRMED'],
  ])(
    'that %s refuses is refused as often as it is asked for, and leaves nothing',
    async (_, more, code, error) => {
      folder.write('crm.csv', `customer,name\n${id(1)},\n${id(2)},Jo\nnobody,Jo\n`)
      const target = more.includes('--env') ? [] : ['--base-url', server.url]
      for (let start = 1; start <= 3; start++) {
        const refused = await command('update', 'crm.csv', '--max-errors', '100%', ...target, ...more)
        expect(refused.code).toBe(code)
        if (error !== undefined) expect(codeIn(refused.stderr)).toBe(error)
        expect(refused.stderr).not.toContain('E_BUSY')
      }
      expect([await listed(), folders(), rowsIn(store(), 'run')]).toEqual([[], [], 0])
      expect(server.updates).toEqual([])
      const accepted = ['--max-clears', '100%', '--max-errors', '100%', '--base-url', server.url]
      expect((await command('update', 'crm.csv', ...accepted)).code).toBe(1)
      expect(server.updates).toHaveLength(2)
    },
  )

  it('is found by its id in the whole store, and keeps the folder that it began with', async () => {
    await update('--limit', '5', '--run-id', 'mine')
    const moved = await update('--run-id', 'mine', '--runs-dir', 'elsewhere')
    expect(moved.code).toBe(0)
    expect(moved.stderr).toContain(path('rapyd-runs', 'mine'))
    expectOnce()
    expect(folders()).toEqual(['mine'])
    expect(existsSync(path('elsewhere', 'mine'))).toBe(false)
    folder.write('crm.csv', `customer,name\n${id(1)},Other\n`)
    expect(endOf(await update('--run-id', 'mine', '--runs-dir', 'elsewhere'))).toEqual([3, 'E_OTHER_RUN'])
    expect(server.updates).toHaveLength(count)
    expect([(await runsBelow('rapyd-runs')).length, await runsBelow('elsewhere')]).toEqual([1, []])
  })

  it('goes into DIR/store.db with --state-dir DIR, which a line says', async () => {
    const { code, stderr } = await update('--state-dir', 'former')
    expect([code, stderr]).toEqual([0, expect.stringContaining(`--store ${path('former', 'store.db')}`)])
    expect(existsSync(store())).toBe(false)
    expect((await update('--store', path('former', 'store.db'))).stderr).toContain('finished before')
    expect(server.updates).toHaveLength(count)
  })

  it.skipIf(!isMemory('/dev/shm'))('says in a container that its store is lost with it', async () => {
    const memory = mkdtempSync('/dev/shm/rapyd-bulk-')
    const args = ['update', 'crm.csv', ...sending(), '--store', join(memory, 'store.db'), '--quiet']
    const { code, stderr } = await folder.run(args, { ...server.keys, KUBERNETES_SERVICE_HOST: '127.0.0.1' })
    rmSync(memory, { recursive: true })
    expect(code).toBe(0)
    expect(stderr.match(/is not on a volume/g)).toHaveLength(1)
  })

  it('leaves nothing of its customers in the store once it is purged', async () => {
    await update('--backup')
    expect(isStored('Name 17')).toBe(true)
    const size = statSync(store()).size
    changeStore(store(), 'UPDATE run_progress SET changed_at = 1')
    expect((await command('runs', '--purge', '--older-than', '1d', '--yes')).code).toBe(0)
    expect([await listed(), folders(), isStored('Name 17')]).toEqual([[], [], false])
    for (const table of ['run', 'run_progress', 'run_note', 'outcome', 'before_image', 'before_write'])
      expect([table, rowsIn(store(), table)]).toEqual([table, 0])
    expect(statSync(store()).size).toBeLessThan(size)
    // What is known of the customers stays.
    expect(rowsIn(store(), 'field_state')).toBe(count)
    expect((await update('--only-changed')).code).toBe(0)
    expect(server.updates).toHaveLength(count)
  })
})

describe('E_OLD_RUN: a run of version 0.1', () => {
  it('that is not finished is refused each time, also by what needs its rows, and is listed', async () => {
    const run = await makeFormer('open')
    const before = readFileSync(path('rapyd-runs', run, 'journal.db'))
    for (const args of [
      ['update', 'crm.csv', ...sending()],
      ['redo', run],
      ['rollback', run],
      ['verify', run],
      ['report', run],
    ])
      for (let start = 1; start <= 2; start++) {
        const refused = await command(...args)
        expect([args[0], ...endOf(refused)]).toEqual([args[0], 6, 'E_OLD_RUN'])
        expect(refused.stderr).toContain('0.1')
      }
    expect(server.updates).toHaveLength(5)
    expect(await listed()).toMatchObject([{ run_id: run, state: 'former', next: '' }])
    const purged = await command('runs', '--purge', '--older-than', '0d', '--yes')
    expect([purged.code, purged.stdout]).toEqual([0, expect.stringContaining(`${run} is kept`)])
    expect(readFileSync(path('rapyd-runs', run, 'journal.db')).equals(before)).toBe(true)
    expect((await update('--new-run')).code).toBe(0)
    expect(server.updates).toHaveLength(5 + count)
    expect((await listed()).map((found) => found['state'])).toEqual(['finished', 'former'])
  })

  it('that is finished still counts: the same file is not sent again', async () => {
    const run = await makeFormer('finished')
    const again = await update()
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('finished before') })
    expect(server.updates).toHaveLength(count)
    expect(endOf(await command('redo', run))).toEqual([6, 'E_OLD_RUN'])
    expect(await listed()).toMatchObject([{ run_id: run, state: 'former' }])
    rmSync(path('rapyd-runs', run, 'summary.json'))
    expect(endOf(await update())).toEqual([6, 'E_OLD_RUN'])
    expect(server.updates).toHaveLength(count)
  })
})

it('looks for runs without making a store', async () => {
  for (const args of [
    ['runs'],
    ['report', 'none'],
    ['redo', 'none'],
    ['verify', 'none'],
    ['rollback', 'none'],
  ])
    await command(...args)
  expect(readdirSync(folder.path)).toEqual(['crm.csv'])
})
