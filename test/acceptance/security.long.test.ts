/**
 * What must not get out, over every command: keys nowhere, personal data only where it belongs; and what waits under the names that a run
 * writes to stays as it was.
 */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  BulkUpdateError,
  bulkUpdate,
  createSimulator,
  validate,
  type BulkUpdateOptions,
  type Simulator,
} from '../../src/index.ts'
import { canary, canaryCsv, canaryMap, canaryNdjson, keyCanary } from './support/canaries.ts'
import { freshFolder, type Finished, type Folder } from './support/command.ts'
import { commandNames } from './support/help.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const accessKey = 'rak_CANARYACCESS0123456'
const secretKey = 'rsk_CANARYSECRET0123456789abcdef0123456789abcdef0123456789'
const [shortAccess, shortSecret] = ['~aQ7!', '~sQ7!']
const secrets = ['CANARYACCESS', 'CANARYSECRET', shortAccess, shortSecret]
const badFile = `customer,email\n${id(1)},a@example.com\n${id(2)},bad\n`
const rehearsal = (folder: string): BulkUpdateOptions => ({
  input: join(folder, 'crm.csv'),
  env: 'simulator',
  rate: 'none',
  maxErrors: '100%',
  runsDir: join(folder, 'rapyd-runs'),
  store: join(folder, 'state', 'store.db'),
})
const linesWithCanary = (text: string) => text.split('\n').filter((line) => canary.test(line))

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    lstatSync(join(directory, name)).isFile(),
  )
}

describe('over every command', () => {
  let folder: Folder
  let simulator: Simulator
  const said = new Map<string, Finished>()
  const page = () => readFileSync(join(folder.path, 'rapyd-runs', 'first', 'report.html'), 'utf8')

  beforeAll(async () => {
    folder = freshFolder()
    simulator = await createSimulator({
      accessKey,
      secretKey,
      windows: [],
      faults: `not-found=${id(4)},reset-after/post=${id(6)}@1,500/post=${id(7)}:x1,502-html/post=${id(8)}@1`,
    })
    folder.write('crm.csv', canaryCsv())
    folder.write('crm.ndjson', canaryNdjson())
    folder.write('nameless.csv', canaryCsv().replace(/^.*\n/, ''))
    folder.write('map.yaml', canaryMap)
    const env = { RAPYD_ACCESS_KEY: accessKey, RAPYD_SECRET_KEY: secretKey, RAPYD_BASE_URL: simulator.url }
    const run = async (...args: readonly string[]) =>
      void said.set(args.join(' '), await folder.run(args, env))
    const bounds = ['--max-errors', '100%', '--max-clears', '100%', '--accept-change', 'damage']
    const map = ['--map', 'map.yaml', ...bounds]
    await Promise.all([
      run('init', 'crm.csv', '--out', 'draft.yaml'),
      run('init', 'crm.ndjson', '--out', '-'),
      run('validate', 'crm.csv', ...map, '--out', 'checks', '--fix', 'mended.csv'),
      run('validate', 'crm.ndjson', ...bounds, '--out', 'checks'),
      run('validate', '--json', 'crm.ndjson', ...bounds),
      run('validate', '--format-errors=csv', 'crm.csv', ...map),
      run('validate', '--format-errors=github', 'crm.ndjson', ...bounds),
      run('plan', 'crm.csv', ...map, '--rate', 'none', '--out', 'plan.ndjson'),
    ])
    const rate = ['--rate', 'none']
    const sender = [...rate, '--log-level', 'trace', '--metrics-file', 'run.prom']
    const ndjson = ['--run-id', 'objects', '--results-format', 'ndjson']
    await run('update', 'crm.csv', ...map, ...sender, '--run-id', 'first', '--backup')
    await run(
      'apply',
      'plan.ndjson',
      ...sender,
      '--run-id',
      'second',
      '--max-errors',
      '100%',
      '--allow-repeat',
    )
    await run('redo', 'first', ...sender, '--json', '--max-errors', '100%')
    await run('verify', 'first', ...rate)
    // It changes what the first run has written.
    await run('update', 'crm.ndjson', ...bounds, ...sender, ...ndjson)
    await run('verify', 'first', ...rate, '--json')
    await run('plan', 'crm.csv', ...map, ...rate, '--json')
    await run('rollback', 'first', ...rate, '--max-errors', '100%')
    await run(
      'state',
      'baseline',
      'crm.csv',
      '--map',
      'map.yaml',
      '--max-errors',
      '100%',
      '--max-clears',
      '100%',
    )
    await run('state', 'show')
    await run('update', 'crm.csv', ...map, ...sender, '--only-changed')
    await run('report', 'first', '--junit', 'junit.xml', '--metrics-file', 'report.prom')
    await run('report', 'objects', '--json')
    await run('runs')
    await run('runs', '--json')
    await run('store', 'check')
    await run('probe', '--show')
    await run('completion', 'bash')
    // What is refused.
    await run('update', '--nonsense', accessKey)
    for (const file of ['none.yaml', 'crm.csv', 'crm.ndjson']) await run('update', 'crm.csv', '--map', file)
    await run('update', 'nameless.csv')
    await run('apply', 'crm.ndjson')
    await run('update', 'crm.csv', ...map, ...rate, '--strict', '--new-run')
    await run(
      'update',
      'crm.ndjson',
      ...bounds,
      ...rate,
      '--duplicates',
      'reject',
      '--allow-repeat',
      '--new-run',
    )
    Object.assign(env, { RAPYD_SECRET_KEY: shortSecret })
    await run('verify', 'first')
    Object.assign(env, { RAPYD_ACCESS_KEY: shortAccess })
    await run('update', 'crm.csv', '--map', 'map.yaml', ...rate, '--new-run')
    await run('update', shortSecret)
  }, 300_000)
  afterAll(async () => {
    await simulator.close()
    folder.remove()
  })

  it('each has been run, and did something', () => {
    const run = new Set([...said.keys()].map((line) => line.split(' ')[0]))
    // The simulator's own keys are what it is for, and it sees no customer but in memory.
    expect(run).toEqual(new Set(commandNames().filter((name) => name !== 'simulator')))
    for (const [line, { code, stderr }] of said) expect([line, code, stderr]).not.toContain(70)
    expect(simulator.appliedCount).toBeGreaterThan(5)
    const results = readFileSync(join(folder.path, 'rapyd-runs', 'first', 'results.csv'), 'utf8')
    for (const outcome of ['updated', 'invalid', 'rejected'])
      expect(results.includes(`,${outcome},`), outcome).toBe(true)
  })

  it('no key is on a screen or in a file', () => {
    for (const [line, { stdout, stderr }] of said)
      for (const secret of secrets) expect(stdout + stderr, line).not.toContain(secret)
    for (const name of filesIn(folder.path)) {
      const bytes = readFileSync(join(folder.path, name))
      for (const secret of secrets) expect(bytes.includes(secret), `${secret} in ${name}`).toBe(false)
    }
  })

  it('only a page that was asked for it shows what cells hold', async () => {
    expect(page()).not.toMatch(canary)
    await folder.run(['report', 'first', '--include-values'])
    expect(page()).toMatch(canary)
    expect(page()).toContain('Personal data')
    await folder.run(['report', 'first'])
    expect(page()).not.toMatch(canary)
  })

  it('personal data is on no screen', () => {
    expect(
      [...said].flatMap(([line, { stdout, stderr }]) =>
        linesWithCanary(stdout + stderr).map((text) => [line, text]),
      ),
    ).toEqual([])
  })

  it('personal data is in no file but the input, errors, what was mended, and what plans, backups and rollbacks are for', () => {
    const allowed =
      /^(?:(?:crm|nameless)\.(?:csv|ndjson)|map\.yaml|mended\.csv|plan\.ndjson|rollback\.ndjson|errors\.(?:csv|ndjson)|store\.db(?:-\w+)?|readings\.db(?:-\w+)?|input)$/
    const found = filesIn(folder.path).filter((name) => {
      return canary.test(readFileSync(join(folder.path, name), 'latin1')) && !allowed.test(basename(name))
    })
    expect(found).toEqual([])
  })

  it('keys of objects, which anybody may have named, are in no log and no metrics', () => {
    const keyed = filesIn(folder.path).filter((name) =>
      readFileSync(join(folder.path, name)).includes(keyCanary),
    )
    expect(keyed).toContain(join('rapyd-runs', 'objects', 'results.ndjson'))
    expect(keyed.filter((name) => /\.(?:log|prom)$/.test(name))).toEqual([])
  })
})

describe('under the names that a run writes to', () => {
  let folder: Folder
  /** Files of the store are in another folder than those of the run. */
  const first = (name: string) =>
    name.startsWith('store') ? join(folder.path, 'state', name) : join(folder.path, 'rapyd-runs', 'x', name)
  const victim = () => join(folder.path, 'victim')
  beforeEach(() => {
    folder = freshFolder()
    folder.write('crm.csv', badFile)
    folder.write('victim', 'precious')
    mkdirSync(first('.'), { recursive: true })
    mkdirSync(join(folder.path, 'state'))
  })
  afterEach(() => folder.remove())

  /** The code of what stopped it, or nothing. */
  const begin = (): Promise<string | undefined> =>
    bulkUpdate({ ...rehearsal(folder.path), runId: 'x', backup: true }).then(
      ({ stopped }) => stopped?.code,
      (error: unknown) => (error instanceof BulkUpdateError ? error.code : 'a bug'),
    )

  it.each([
    // A run of version 0.1 that cannot be read.
    ['journal.db', 'E_OLD_RUN'],
    ['store.db', 'E_STORE_PATH'],
    ['store.db-mark', 'E_STORE_LOST'],
    ['store.db-run-1-1.lock', 'E_STORE'],
    ['results.csv', 'E_REPORT_WRITE'],
    ['errors.csv', 'E_REPORT_WRITE'],
    ['summary.json', 'E_REPORT_WRITE'],
    ['report.html', 'E_REPORT_WRITE'],
    // Replaced, and done without.
    ['holder.json', undefined],
    ['run.log', undefined],
  ])('a link, or a second name of another file, at %s is not written through (%s)', async (name, code) => {
    // SQLite would refuse a text by itself, and take an empty file for its own.
    const text = name.endsWith('.db') ? '' : 'precious'
    folder.write('victim', text)
    chmodSync(victim(), 0o644)
    symlinkSync(victim(), first(name))
    expect(await begin()).toBe(code)
    rmSync(first(name), { force: true })
    linkSync(victim(), first(name))
    expect(await begin()).toBe(code)
    expect(readFileSync(victim(), 'utf8')).toBe(text)
    expect(statSync(victim()).mode & 0o777).toBe(0o644)
  })

  it.each([
    ['update', ['--metrics-file', 'out', '--env', 'simulator', '--rate', 'none', '--max-errors', '100%']],
    ['validate', ['--fix', 'out', '--force']],
    ['validate', ['--out', 'out']],
    ['init', ['--out', 'out', '--force']],
    ['plan', ['--out', 'out', '--force', '--env', 'simulator', '--rate', 'none', '--max-errors', '100%']],
  ])('%s %j does not follow a link', async (command, more) => {
    symlinkSync('victim', join(folder.path, 'out'))
    const { code } = await folder.run([command, 'crm.csv', ...more])
    expect(code).toBeGreaterThan(1)
    expect(readFileSync(victim(), 'utf8')).toBe('precious')
    expect(lstatSync(join(folder.path, 'out')).isSymbolicLink()).toBe(true)
  })
})

describe('the files of a run', () => {
  it.each([0o000, 0o077, 0o277])(
    'and of the store are for their owner alone under umask %o, and so are directories',
    async (mask) => {
      const folder = freshFolder()
      folder.write('crm.csv', badFile)
      const before = process.umask(mask)
      try {
        await bulkUpdate({ ...rehearsal(folder.path), backup: true })
      } finally {
        process.umask(before)
      }
      const path = (name: string) => join(folder.path, name)
      const modeOf = (name: string) => (statSync(path(name)).mode & 0o777).toString(8)
      const found = filesIn(folder.path).filter((name) => name !== 'crm.csv')
      expect(found.length).toBeGreaterThan(6)
      expect(found).toContain(join('state', 'store.db'))
      expect(found.filter((name) => modeOf(name) !== '600')).toEqual([])
      for (const name of ['rapyd-runs', 'state']) expect(statSync(path(name)).mode & 0o077).toBe(0)
      folder.remove()
    },
  )
})

describe('cells that a spreadsheet would run', () => {
  it('are texts in every CSV of ours', async () => {
    const folder = freshFolder()
    const name = '=HYPERLINK(1)'
    // As an id, as a cell, and as names of columns: what is mended is named, and never shown.
    folder.write(
      'crm.csv',
      `customer,${name},+phone\n=1+1,x,+49 30 1234567\n${id(1)},@SUM(1),+49 30 1234567\n`,
    )
    folder.write('map.yaml', `columns:\n  "${name}": email\n  +phone: phone_number\n`)
    const map = ['--map', 'map.yaml', '--max-errors', '100%']
    await folder.run(['update', 'crm.csv', '--env', 'simulator', '--rate', 'none', ...map])
    const listed = await folder.run(['validate', 'crm.csv', ...map, '--format-errors', 'csv'])
    await folder.run(['validate', 'crm.csv', ...map, '--fix', 'mended.csv'])
    const changes = readFileSync(join(folder.path, 'mended.csv.changes.csv'), 'utf8')
    expect(listed.stdout).toContain(`'${name}`)
    expect(changes).toContain(",'+phone,")
    for (const text of [folder.report('results.csv'), listed.stdout, changes])
      expect(text).not.toMatch(/(?:^|,)"?[=+@\t-]/m)
    folder.remove()
  })
})

describe('names that objects have of themselves', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is a column like any other, and a key',
    async (name) => {
      const folder = freshFolder()
      folder.write('crm.csv', `customer,name,${name},metadata.${name}\n${id(1)},A,x,y\n`)
      folder.write(
        'crm.ndjson',
        `{"customer":"${id(1)}","${name}":"x"}\n{"customer":"${id(2)}","metadata":{"${name}":"x"}}\n`,
      )
      const input = join(folder.path, 'crm.csv')
      await expect(validate({ input })).rejects.toMatchObject({
        kind: 'INPUT',
        message: expect.stringContaining(name),
      })
      const { columns } = await validate({ input, ignoreColumns: [name, `metadata.${name}`] })
      expect(columns.map((column) => column.name)).toContain(name)
      const { rows, findings } = await validate({ input: join(folder.path, 'crm.ndjson'), maxErrors: '100%' })
      expect(rows).toBe(2)
      expect(findings.map(({ firstRow }) => firstRow)).toContain(1)
      folder.remove()
    },
  )
})
