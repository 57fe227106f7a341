import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'
import { ageRun, changeStore, rowsIn, storeIn } from './support/store.ts'
import { hasTerminal, runOnTerminal } from './support/terminal.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const file = (rows: number) =>
  `customer,name\n${Array.from({ length: rows }, (_, row) => `${id(row)},N${row}`).join('\n')}\n`

describe('runs', () => {
  let folder: Folder
  let server: RapydServer
  const update = (...args: readonly string[]) =>
    folder.run(['update', ...args, '--base-url', server.url, '--rate', 'none'], server.keys)
  const list = async () => {
    const { code, stdout, stderr } = await folder.run(['runs', '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const found: Record<string, unknown>[] = JSON.parse(stdout)
    return found
  }
  const purge = (...args: readonly string[]) => folder.run(['runs', '--purge', ...args])
  const age = (name: string, second?: number) => ageRun(storeIn(folder.path), name, second)
  const runsDir = () => join(folder.path, 'rapyd-runs')
  const directoryOf = (name: string) =>
    join(runsDir(), readdirSync(runsDir()).find((run) => run.startsWith(name)) ?? '')

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
  })
  afterEach(async () => {
    await server.close()
    folder.remove()
  })

  it('says that there are none, and makes no folder', async () => {
    expect(await folder.run(['runs'])).toMatchObject({ code: 0, stdout: expect.stringContaining('no runs') })
    expect(existsSync(runsDir())).toBe(false)
  })

  it('lists finished and open runs with what to do, newest first, and changes nothing', async () => {
    folder.write('good.csv', file(2))
    folder.write("o'pen 1.csv", file(5))
    folder.write('bad.csv', file(3))
    await update('good.csv')
    await update("o'pen 1.csv", '--limit', '2', '--ignore-columns', 'a,b', '--no-read-back')
    server.answer = ({ id: customer }) =>
      customer === id(1) ? { status: 400, body: envelope('ERROR', 'INVALID') } : undefined
    await update('bad.csv')
    for (const [name, at] of [
      ['good', 1],
      ['o-pen', 2],
      ['bad', 3],
    ] as const)
      age(name, at)
    const before = contents(runsDir())
    const found = await list()
    expect(contents(runsDir())).toEqual(before)
    const [bad, open, good] = found
    expect(bad).toMatchObject({ state: 'finished', rows: 3, outcomes: { updated: 2, rejected: 1 } })
    expect(bad?.['next']).toBe(`rapyd-bulk redo ${String(bad?.['run_id'])}`)
    expect(good).toMatchObject({
      state: 'finished',
      outcomes: { updated: 2 },
      next: '',
      changed_at: '1970-01-01T00:00:01.000Z',
    })
    expect(good?.['host']).toBe(server.url.slice('http://'.length))
    expect(open).toMatchObject({ state: 'open', rows: 5, outcomes: { updated: 2 } })
    // As a shell would read it.
    const words = shellWords(String(open?.['next']))
    expect(words.slice(0, 3)).toEqual(['rapyd-bulk', 'update', join(folder.path, "o'pen 1.csv")])
    server.answer = () => undefined
    expect(await folder.run(words.slice(1), server.keys)).toMatchObject({ code: 0 })
    expect(readdirSync(runsDir())).toHaveLength(3)
    expect((await list()).map(({ state }) => state)).toEqual(['finished', 'finished', 'finished'])
    const text = (await folder.run(['runs'])).stdout
    expect(text).toContain('3 rows: 2 updated, 1 rejected')
    expect(text).toContain(`go on: rapyd-bulk redo bad-`)
  })

  it('names the run of a file from standard input, whose input the store keeps', async () => {
    await folder.run(
      ['update', '-', '--base-url', server.url, '--rate', 'none', '--limit', '1'],
      server.keys,
      file(2),
    )
    const [run] = await list()
    const words = shellWords(String(run?.['next']))
    expect(words).toContain(`--run-id=${String(run?.['run_id'])}`)
    expect(await folder.run(words.slice(1), server.keys)).toMatchObject({ code: 0 })
  })

  it('says that a run is running while it is, and open when its process was killed', async () => {
    folder.write('crm.csv', file(4))
    const called = new Promise<void>((resolve) => {
      server.answer = () => {
        resolve()
        return 'never'
      }
    })
    const running = folder.start(
      ['update', 'crm.csv', '--base-url', server.url, '--rate', 'none'],
      server.keys,
    )
    await called
    expect(await list()).toMatchObject([{ state: 'running', rows: 4, outcomes: {}, next: '' }])
    running.kill('SIGKILL')
    await running.finished
    const before = contents(runsDir(), /-shm$/)
    expect(await list()).toMatchObject([
      { state: 'open', next: expect.stringContaining('rapyd-bulk update') },
    ])
    expect(contents(runsDir(), /-shm$/)).toEqual(before)
  })

  it('calls what it cannot read broken, and leaves out what is no run', async () => {
    mkdirSync(join(runsDir(), 'torn'), { recursive: true })
    writeFileSync(join(runsDir(), 'torn', 'journal.db'), 'no database at all')
    mkdirSync(join(runsDir(), 'empty'))
    writeFileSync(join(runsDir(), 'empty', 'journal.db'), '')
    mkdirSync(join(runsDir(), 'photos'))
    mkdirSync(join(runsDir(), 'odd', 'journal.db'), { recursive: true })
    writeFileSync(join(runsDir(), 'file'), '')
    symlinkSync(join(runsDir(), 'torn'), join(runsDir(), 'link'))
    const before = contents(runsDir())
    expect(
      (await list()).map((run) => `${String(run['run_id'])} ${String(run['state'])}`).toSorted(),
    ).toEqual(['empty broken', 'torn broken'])
    expect((await folder.run(['runs'])).stdout).toContain('cannot be read')
    expect(contents(runsDir())).toEqual(before)
  })

  it('purges only finished old runs, and says which stay and why', async () => {
    folder.write('old.csv', file(1))
    folder.write('new.csv', file(2))
    folder.write('open.csv', file(3))
    await update('old.csv')
    await update('new.csv')
    await update('open.csv', '--limit', '1')
    mkdirSync(join(runsDir(), 'torn'))
    writeFileSync(join(runsDir(), 'torn', 'journal.db'), 'no database at all')
    const outside = join(folder.path, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'precious'), '')
    symlinkSync(outside, join(directoryOf('old'), 'link'))
    symlinkSync(directoryOf('old'), join(runsDir(), 'alias'))
    for (const name of ['old', 'open']) age(name)
    const before = readdirSync(runsDir())
    const asked = await purge('--older-than', '30d')
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect(asked.stdout).toMatch(/^old-\w+ would be deleted/m)
    expect(asked.stdout).toMatch(/^new-\w+ is kept: it is not old enough$/m)
    expect(asked.stdout).toMatch(/^open-\w+ is kept: it is not finished$/m)
    expect(asked.stdout).toMatch(/^torn is kept: it cannot be read$/m)
    expect(readdirSync(runsDir())).toEqual(before)
    const old = directoryOf('old')
    const outcomes = rowsIn(storeIn(folder.path), 'outcome')
    expect(await purge('--older-than', '30d', '--yes')).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(old)).toBe(false)
    expect(rowsIn(storeIn(folder.path), 'outcome')).toBe(outcomes - 1)
    expect(rowsIn(storeIn(folder.path), 'run')).toBe(2)
    expect(existsSync(join(outside, 'precious'))).toBe(true)
    expect(readdirSync(runsDir())).toHaveLength(before.length - 1)
  })

  it('purges no file that is not of a run or a plan, and no folder that the store was made to name', async () => {
    folder.write('crm.csv', file(1))
    for (const name of ['docs', 'migration-plan', 'other'])
      mkdirSync(join(folder.path, name), { mode: 0o700 })
    const others = ['docs/own.txt', 'docs/.env', 'migration-plan/input.csv', 'other/results.csv']
    for (const name of others) folder.write(name, 'precious')
    await update('crm.csv', '--runs-dir', '.', '--run-id', 'docs')
    await update('crm.csv', '--runs-dir', '.', '--run-id', 'moved', '--new-run', '--allow-repeat')
    const point = `UPDATE run SET directory = ? WHERE id = 'moved'`
    changeStore(storeIn(folder.path), point, join(folder.path, 'other'))
    for (const name of ['docs', 'moved']) age(name)
    const { code, stdout, stderr } = await purge('--older-than', '30d', '--yes')
    expect(stdout).not.toContain('migration-plan')
    expect([code, stderr.trimEnd().split('\n').toSorted()]).toEqual([
      0,
      ['docs', 'other'].map((name) => expect.stringContaining(`${join(folder.path, name)} stays`)),
    ])
    for (const name of others) expect(readFileSync(join(folder.path, name), 'utf8')).toBe('precious')
    expect(readdirSync(join(folder.path, 'docs')).toSorted()).toEqual(['.env', 'own.txt'])
    expect(rowsIn(storeIn(folder.path), 'run')).toBe(0)
  })

  it('purges plans as well, but none that a run needs which stays', async () => {
    const sender = ['--base-url', server.url, '--rate', 'none']
    const run = (...args: readonly string[]) => folder.run([...args, ...sender], server.keys)
    folder.write('crm.csv', file(2))
    await run('plan', 'crm.csv')
    const plan = join(directoryOf('crm'), 'plan.ndjson')
    const [listed] = await list()
    expect(listed).toMatchObject({ state: 'plan', next: `rapyd-bulk apply ${plan} --verify` })
    expect((await folder.run(['runs'])).stdout).toContain('  plan\n')
    await run('apply', plan, '--limit', '1')
    utimesSync(plan, 1, 1)
    const names = readdirSync(runsDir())
    const kept = await purge('--older-than', '30d', '--yes')
    expect(kept.stdout).toContain(`${String(listed?.['run_id'])} is kept: a run that sends it stays`)
    expect(readdirSync(runsDir())).toEqual(names)
    expect((await list()).find(({ state }) => state === 'plan')?.['next']).toBe('')
    expect((await folder.run(['runs'])).stdout).toMatch(/ {2}plan\n.*\n {2}applied by crm-/)
    await run('apply', plan)
    age(names.find((each) => !each.endsWith('-plan')) ?? '')
    expect((await purge('--older-than', '30d', '--yes')).stdout).toMatch(/-plan is deleted \(plan, /)
    expect(readdirSync(runsDir())).toEqual([])
  })

  it('lists and purges what a plan that was killed has left of standard input', async () => {
    const directory = join(runsDir(), 'stdin-0123456789-plan')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(join(directory, '.input.0f3a9c01-d4e5-4f6a-8b7c-9d0e1f2a3b4c.tmp'), file(2))
    expect(await list()).toMatchObject([{ run_id: 'stdin-0123456789-plan', state: 'plan' }])
    await folder.run(['runs', '--purge', '--older-than', '0m', '--yes'])
    expect(existsSync(directory)).toBe(false)
  })

  it('leaves nothing of what came over standard input once a plan of it is sent', async () => {
    const sender = ['--base-url', server.url, '--rate', 'none']
    const make = () => folder.run(['plan', '-', '--out', 'p.ndjson', ...sender], server.keys, file(2))
    const apply = () => folder.run(['apply', 'p.ndjson', ...sender], server.keys)
    expect((await make()).code).toBe(0)
    expect((await list()).map(({ state }) => state)).toEqual(['plan'])
    server.answer = () => ({ status: 400, body: envelope('ERROR', 'INVALID') })
    expect((await apply()).code).toBe(1)
    // What is left may be sent by a redo.
    expect(await list()).toMatchObject([{ state: 'finished' }, { state: 'plan' }])
    server.answer = () => undefined
    expect((await folder.run(['apply', 'p.ndjson', '--new-run', ...sender], server.keys)).code).toBe(0)
    expect((await list()).map(({ state }) => state)).toEqual(['finished', 'finished'])
    expect(await apply()).toMatchObject({ code: 3, stderr: expect.stringContaining('E_INPUT_NOT_KEPT') })
  })

  it.skipIf(!hasTerminal)('asks on a terminal before it purges, and takes only the number', async () => {
    folder.write('one.csv', file(1))
    folder.write('two.csv', file(2))
    await update('one.csv')
    await update('two.csv')
    for (const name of ['one', 'two']) age(name)
    const purging = ['runs', '--purge', '--older-than', '30d']
    const question = 'Type 2 to delete them: '
    const [controlC, controlD] = ['\u0003', '\u0004']
    for (const answer of ['y', controlC, controlD]) {
      expect(await runOnTerminal(folder.path, purging, question, answer)).toMatchObject({
        code: 2,
        screen: expect.stringContaining('[E_NOT_CONFIRMED]'),
      })
    }
    expect(readdirSync(runsDir())).toHaveLength(2)
    expect((await runOnTerminal(folder.path, purging, question, '2')).code).toBe(0)
    expect(readdirSync(runsDir())).toEqual([])
  })

  it.each([['--purge'], ['--purge', '--older-than', 'yesterday'], ['--older-than', '30d'], ['--yes']])(
    'refuses %s %s',
    async (...args) => {
      expect((await folder.run(['runs', ...args])).code).toBe(2)
    },
  )
})

/** Paths with digests of what they hold; the names alone for those that match `open`. */
function contents(directory: string, open = /^$/): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || open.test(path)) return path
      return `${path} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
    })
    .toSorted()
}

/** Words of a command with the quotes that `runs` writes. */
function shellWords(command: string): string[] {
  return [...command.matchAll(/(?:[^\s'\\]|'[^']*'|\\.)+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\(.)/g, '$1$2'),
  )
}
