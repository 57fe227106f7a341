import { readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const file = (rows: number) =>
  `customer,name\n${Array.from({ length: rows }, (_, row) => `${id(row)},Zzname${row}`).join('\n')}\n`
const files = ['results.csv', 'errors.csv', 'summary.json']

describe('report', () => {
  let folder: Folder
  let server: RapydServer
  const update = (...args: readonly string[]) =>
    folder.run(['update', ...args, '--base-url', server.url, '--rate', 'none'], server.keys)
  const runId = () => readdirSync(join(folder.path, 'rapyd-runs'))[0] ?? ''
  const directory = () => join(folder.path, 'rapyd-runs', runId())
  const read = () => files.map((name) => folder.report(name))
  const removeFiles = () => files.forEach((name) => rmSync(join(directory(), name)))
  const summary = (): Record<string, unknown> => JSON.parse(folder.report('summary.json'))

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
    server.answer = ({ id: customer }) =>
      customer === id(1) ? { status: 400, body: envelope('ERROR', 'INVALID') } : undefined
  })
  afterEach(async () => {
    await server.close()
    folder.remove()
  })

  it('writes the page, and what was asked for other programs, for the owner alone; a link is refused', async () => {
    folder.write('crm.csv', file(4))
    await update('crm.csv', '--metrics-file', 'run.prom', '--results-format', 'ndjson')
    const path = (name: string) => join(folder.path, name)
    const metrics = readFileSync(path('run.prom'), 'utf8')
    const page = folder.report('report.html')
    expect(page).toContain('<dt>--results-format</dt><dd>ndjson</dd>')
    expect(page).not.toContain('Zzname')
    rmSync(join(directory(), 'report.html'))
    const asked = ['report', runId(), '--junit', 'junit.xml', '--metrics-file', 'run.prom']
    expect(await folder.run(asked)).toMatchObject({ code: 0 })
    expect(readFileSync(path('junit.xml'), 'utf8')).toContain('failures="1"')
    expect(readFileSync(path('run.prom'), 'utf8')).toBe(metrics)
    expect(folder.report('report.html')).toContain('attention-data')
    for (const name of ['run.prom', 'junit.xml', join('rapyd-runs', runId(), 'report.html')])
      expect(statSync(path(name)).mode & 0o777).toBe(0o600)
    rmSync(path('junit.xml'))
    symlinkSync('run.prom', path('junit.xml'))
    expect(await folder.run(asked)).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('E_REPORT_WRITE'),
    })
  })

  it('writes the summary with its keys in the documented order', async () => {
    folder.write('crm.csv', file(4))
    await update('crm.csv')
    const written = JSON.parse(folder.report('summary.json'))
    expect(Object.keys(written).join(' ')).toBe(
      'run_id input env host account started_at finished_at outcomes cleared unproved calls attempts rate_limited retries errors latency_ms exit_code next',
    )
    expect(Object.keys(written.input).join(' ')).toBe('path sha256 rows bytes')
    expect(Object.keys(written.errors[0]).join(' ')).toBe('code field count example_row tip message')
    expect(Object.keys(written.latency_ms).join(' ')).toBe('p50 p90 p99 max')
  })

  it('finds out before it sends that a file for other programs cannot be written', async () => {
    folder.write('crm.csv', file(1))
    const refused = await update('crm.csv', '--metrics-file', 'missing/run.prom')
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('Nothing was sent') })
    expect(server.updates).toEqual([])
  })

  it.each(['crm.csv', 'store.db'])('is not written over another file, such as %s', async (name) => {
    folder.write('crm.csv', file(1))
    await update('crm.csv', '--store', 'store.db')
    const start = () => readFileSync(join(folder.path, name)).subarray(0, 16)
    const before = start()
    const again = await update('crm.csv', '--store', 'store.db', '--new-run', '--metrics-file', name)
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_FILE_EXISTS]') })
    expect(server.updates).toHaveLength(1)
    const run = readdirSync(join(folder.path, 'rapyd-runs'))[0] ?? ''
    for (const option of ['--junit', '--metrics-file'])
      expect(await folder.run(['report', run, '--store', 'store.db', option, name])).toMatchObject({
        code: 2,
      })
    expect(start().equals(before)).toBe(true)
  })

  it('makes the files of a finished run again, byte for byte but for absolute paths', async () => {
    folder.write('crm.csv', file(4))
    await update('crm.csv')
    const [results, errors, text] = read()
    removeFiles()
    expect(await folder.run(['report', runId()])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rejected'),
      stderr: expect.stringContaining('redo'),
    })
    expect(read().slice(0, 2)).toEqual([results, errors])
    const { input: before, next: _next, ...rest } = JSON.parse(text ?? '')
    const { input, next: _then, ...again } = summary()
    expect(again).toEqual(rest)
    expect(input).toEqual({ ...before, path: join(folder.path, 'crm.csv') })
    for (const name of files) expect(statSync(join(directory(), name)).mode & 0o777).toBe(0o600)
  })

  it('takes the path of a run directory, and prints the summary as JSON', async () => {
    folder.write('crm.csv', file(2))
    await update('crm.csv')
    const { code, stdout } = await folder.run(['report', `./rapyd-runs/${runId()}`, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ run_id: runId(), outcomes: { updated: 1, rejected: 1 } })
  })

  it('lists the open rows of a canary, with the command to go on', async () => {
    folder.write('crm.csv', file(5))
    await update('crm.csv', '--limit', '2')
    removeFiles()
    const { code, stderr } = await folder.run(['report', runId()])
    expect(code).toBe(0)
    expect(stderr).toContain(`To go on: rapyd-bulk update ${join(folder.path, 'crm.csv')} --base-url=`)
    expect(summary()['outcomes']).toMatchObject({ updated: 1, rejected: 1, not_attempted: 3 })
    expect(folder.report('errors.csv')).toContain(`${id(4)},Zzname4,5,not_attempted,E_NOT_REACHED,`)
  })

  it('reports on a run that goes on: what is open, and what is in doubt', async () => {
    folder.write('crm.csv', file(4))
    const called = new Promise<void>((resolve) => {
      server.answer = () => {
        resolve()
        return 'never'
      }
    })
    const args = ['update', 'crm.csv', '--base-url', server.url, '--rate', 'none', '--concurrency', '1']
    const running = folder.start(args, server.keys)
    await called
    expect(await folder.run(['report', runId()])).toMatchObject({
      code: 0,
      stderr: expect.any(String),
    })
    expect(folder.report('results.csv')).toContain('unknown')
    expect(folder.report('results.csv')).toContain('may have been applied')
    const outcomes = summary()['outcomes']
    expect(outcomes).toMatchObject({ updated: 0 })
    expect(folder.report('results.csv').trim().split('\n')).toHaveLength(5)
    running.kill('SIGKILL')
    await running.finished
  })

  it('writes results and summary where the input is gone or another one, says so, and leaves errors alone', async () => {
    folder.write('crm.csv', file(3))
    await update('crm.csv', '--limit', '2')
    const errors = folder.report('errors.csv')
    rmSync(join(directory(), 'results.csv'))
    renameSync(join(folder.path, 'crm.csv'), join(folder.path, 'away.csv'))
    const gone = await folder.run(['report', runId()])
    expect(gone).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/crm\.csv does not exist.*errors is not/),
    })
    expect(gone.stderr).toContain('1 row without an outcome counted and not listed')
    expect(folder.report('results.csv').trim().split('\n')).toHaveLength(3)
    expect(summary()['outcomes']).toMatchObject({ updated: 1, rejected: 1, not_attempted: 1 })
    writeFileSync(join(folder.path, 'crm.csv'), file(7))
    const other = await folder.run(['report', runId()])
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining('SHA-256') })
    expect(folder.report('errors.csv')).toBe(errors)
  })

  it('refuses what is no run, and makes nothing', async () => {
    expect(await folder.run(['report', 'nobody'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('E_NO_RUN'),
    })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('says that errors of standard input cannot be made again once the run is finished', async () => {
    await folder.run(['update', '-', '--base-url', server.url, '--rate', 'none'], server.keys, file(3))
    const errors = readFileSync(join(directory(), 'errors.csv'), 'utf8')
    const { code, stderr } = await folder.run(['report', runId()])
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('standard input is not kept'),
    })
    expect(folder.report('errors.csv')).toBe(errors)
  })
})
