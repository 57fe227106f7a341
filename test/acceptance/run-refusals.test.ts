/** Runs, plans and folders that cannot be used as asked: each is refused with its code, and nothing is sent. */
import { spawnSync } from 'node:child_process'
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  apply,
  bulkUpdate,
  createSimulator,
  plan,
  rebuildReport,
  redo,
  rollback,
  validate,
  type Simulator,
} from '../../src/index.ts'
import { freshFolder, program, usualEnvironment, type Folder } from './support/command.ts'
import { hasTerminal, runOnTerminal } from './support/terminal.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const codeIn = (stderr: string) => /\[(E_\w+)\]/.exec(stderr)?.[1]

let folder: Folder
let simulator: Simulator
const path = (...names: readonly string[]) => join(folder.path, ...names)
const common = () => ({
  baseUrl: simulator.url,
  accessKey: simulator.accessKey,
  secretKey: simulator.secretKey,
  rate: 'none',
  runsDir: path('rapyd-runs'),
  stateDir: path('.state'),
})
const update = (more: object = {}) =>
  bulkUpdate({ ...common(), input: path('crm.csv'), runId: 'first', ...more })

beforeEach(async () => {
  folder = freshFolder()
  folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n${id(3)},C\n`)
  simulator = await createSimulator({ windows: [] })
})
afterEach(async () => {
  await simulator.close()
  folder.remove()
})

/** What the next call is refused with; nothing is sent by it. */
async function refusal(action: () => Promise<unknown>) {
  const before = simulator.appliedCount
  const reason: unknown = await action().then(
    () => ({ code: 'nothing', exitCode: 0 }),
    (error: unknown) => error,
  )
  expect(simulator.appliedCount).toBe(before)
  const { code, exitCode } = Object(reason)
  return `${code} ${exitCode}`
}

describe('a run', () => {
  it('E_NO_RUN: that is not there', async () => {
    expect(await refusal(() => redo({ ...common(), run: 'none' }))).toBe('E_NO_RUN 2')
  })

  it('E_RUN_OPEN: that is not finished is not redone', async () => {
    await update({ limit: 1 })
    expect(await refusal(() => redo({ ...common(), run: 'first' }))).toBe('E_RUN_OPEN 2')
  })

  it('E_OTHER_RUN: of another file', async () => {
    await update({ limit: 1 })
    folder.write('crm.csv', `customer,name\n${id(1)},Other\n`)
    expect(await refusal(() => update())).toBe('E_OTHER_RUN 3')
  })

  it('E_BACKUP_LATE: that has begun without a backup', async () => {
    await update({ limit: 1 })
    expect(await refusal(() => update({ backup: true }))).toBe('E_BACKUP_LATE 2')
  })

  it('E_NO_BACKUP: that has kept nothing to put back', async () => {
    await update()
    expect(await refusal(() => rollback({ ...common(), run: 'first' }))).toBe('E_NO_BACKUP 2')
  })

  it('E_REDO_PLAN: that sends a plan takes no mended file; E_REDO_OLDER: whose rows a later redo took up', async () => {
    const { path: made } = await plan({ ...common(), input: path('crm.csv') })
    simulator.setFaults(`not-found/post=${id(1)},not-found/post=${id(2)}`)
    const { directory } = await apply({ ...common(), plan: made, runId: 'applied', maxErrors: '100%' })
    const mended = { ...common(), run: 'applied', from: join(directory, 'errors.csv') }
    expect(await refusal(() => redo(mended))).toBe('E_REDO_PLAN 2')
    await redo({ ...common(), run: 'applied', maxErrors: '100%' })
    await redo({ ...common(), run: 'applied', limit: 1, maxErrors: '100%' })
    expect(await refusal(() => redo({ ...common(), run: 'applied-redo-1' }))).toBe('E_REDO_OLDER 2')
  })
})

describe('a plan', () => {
  it('E_PLAN_OPEN: that is not there; E_PLAN: that is none', async () => {
    const other = { ...common(), plan: path('none.ndjson') }
    expect(await refusal(() => apply(other))).toMatch(/^E_PLAN_OPEN /)
    expect(await refusal(() => apply({ ...other, plan: path('crm.csv') }))).toMatch(/^E_PLAN /)
  })

  it('E_NOT_PLANNED: says nothing about a customer that could not be read when it was made', async () => {
    simulator.setFaults(`403-html/get=${id(1)}`)
    const { path: made, head } = await plan({ ...common(), input: path('crm.csv'), rate: '1000/1s' })
    expect(head.counts.changes).toMatchObject({ unreadable: 1, update: 2 })
    simulator.setFaults('')
    const { summary } = await apply({ ...common(), plan: made, maxErrors: '100%' })
    expect(summary.errors.map(({ code }) => code)).toEqual(['E_NOT_PLANNED'])
    expect(simulator.appliedCount).toBe(2)
  })
})

it('E_STILL_RUNNING: a report on a run that goes on says which rows are still to come', async () => {
  // Rows of one customer wait for each other's outcomes, and for what a program makes of them.
  folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(1)},B\n${id(1)},C\n`)
  let errors = ''
  const onOutcome = async ({ row }: { readonly row: number }) => {
    if (row > 1) return
    const { directory } = await rebuildReport('first', path('rapyd-runs'), common())
    errors = readFileSync(join(directory, 'errors.csv'), 'utf8')
  }
  expect((await update({ onOutcome })).exitCode).toBe(0)
  expect(errors.match(/,E_STILL_RUNNING,/g)).toHaveLength(2)
})

describe('a folder', () => {
  it('E_RUNS_DIR: for runs that is a file; E_STORE_PATH: for the store, or another database', async () => {
    folder.write('file', '')
    expect(await refusal(() => update({ runsDir: path('file') }))).toMatch(/^E_RUNS_DIR /)
    const args = ['update', 'crm.csv', '--state-dir', 'file', '--base-url', simulator.url, '--rate', '10/1s']
    const keys = { RAPYD_ACCESS_KEY: simulator.accessKey, RAPYD_SECRET_KEY: simulator.secretKey }
    expect(codeIn((await folder.run(args, keys)).stderr)).toBe('E_STORE_PATH')
    const other = new DatabaseSync(path('other.db'))
    other.exec('CREATE TABLE precious (value TEXT)')
    other.close()
    const before = readFileSync(path('other.db'))
    expect(await refusal(() => update({ stateDir: undefined, store: path('other.db') }))).toBe(
      'E_STORE_PATH 2',
    )
    expect(readFileSync(path('other.db')).equals(before)).toBe(true)
  })

  it('E_STORE_PATH: a user without a home has to name a store', async () => {
    const args = ['update', 'crm.csv', '--env', 'simulator', '--rate', 'none']
    const homeless = { HOME: path('crm.csv'), XDG_STATE_HOME: '' }
    const { code, stderr } = await folder.run(args, homeless)
    expect([code, codeIn(stderr)]).toEqual([2, 'E_STORE_PATH'])
    expect(stderr).toContain('--store')
    expect((await folder.run([...args, '--store', 'own.db'], homeless)).code).toBe(0)
    expect(existsSync(path('own.db'))).toBe(true)
  })

  it('E_OUT: for errors that is below a file; E_FILE_EXISTS: a file that is there', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},NULL\n`)
    folder.write('file', '')
    const given = { input: path('crm.csv'), maxErrors: '100%' }
    expect(await refusal(() => validate({ ...given, out: path('file', 'below') }))).toMatch(/^E_OUT /)
    expect(await refusal(() => validate({ ...given, fix: path('file') }))).toBe('E_FILE_EXISTS 2')
  })
})

describe('standard input and output', () => {
  it.skipIf(!existsSync('/proc/self/mem'))('E_STDIN: that breaks off', () => {
    const broken = openSync('/proc/self/mem', 'r')
    const { status, stderr } = spawnSync(process.execPath, [program, 'validate', '-'], {
      cwd: folder.path,
      encoding: 'utf8',
      env: usualEnvironment(folder.path),
      stdio: [broken, 'pipe', 'pipe'],
    })
    closeSync(broken)
    expect([status, codeIn(stderr)]).toEqual([6, 'E_STDIN'])
  })

  it('E_SPOOL: that cannot be kept', async () => {
    const { code, stderr } = await folder.run(['validate', '-'], { TMPDIR: path('none') }, 'customer\n')
    expect([code, codeIn(stderr)]).toEqual([6, 'E_SPOOL'])
  })

  it.skipIf(!hasTerminal)('E_STDIN_TERMINAL: where nothing is piped', async () => {
    const { code, screen } = await runOnTerminal(folder.path, ['validate', '-'], 'never asked', '')
    expect([code, codeIn(screen)]).toEqual([2, 'E_STDIN_TERMINAL'])
  })

  it.skipIf(!existsSync('/dev/full'))('E_STDOUT: that is full', () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [program, 'validate', 'crm.csv'], {
      cwd: folder.path,
      encoding: 'utf8',
      env: usualEnvironment(folder.path),
      stdio: ['ignore', full, 'pipe'],
    })
    closeSync(full)
    expect([status, codeIn(stderr)]).toEqual([6, 'E_STDOUT'])
  })
})

it('E_SIMULATOR_PORT: a port that is taken', async () => {
  const taken = createServer()
  await new Promise<void>((done) => void taken.listen(0, '127.0.0.1', done))
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { code, stderr } = await folder.run(['simulator', '--port', String(port)])
  await new Promise<void>((done) => void taken.close(() => done()))
  expect([code, codeIn(stderr)]).toEqual([2, 'E_SIMULATOR_PORT'])
})
