import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

describe('run.log of a real run', () => {
  let folder: Folder
  let server: RapydServer
  const update = (args: readonly string[]) =>
    folder.run(['update', ...args, '--base-url', server.url, '--max-errors', '100'], server.keys)
  const directory = () =>
    join(folder.path, 'rapyd-runs', readdirSync(join(folder.path, 'rapyd-runs'))[0] ?? '')
  const lines = (): Record<string, unknown>[] =>
    folder
      .report('run.log')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  /** The run's files that hold a text. */
  function filesWith(text: string): readonly string[] {
    return readdirSync(directory()).filter((name) => readFileSync(join(directory(), name)).includes(text))
  }

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
  })
  afterEach(async () => {
    expect(server.broken).toEqual([])
    await server.close()
    folder.remove()
  })

  it('tells the course of the run, and of rows only those that need attention', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n${id(2)},Jane\nnobody,Jim\n`)
    server.answer = (call) =>
      call.id === id(2)
        ? { status: 400, body: envelope('ERROR', 'INVALID_CUSTOMER_ID', undefined, 'secret') }
        : undefined
    await update(['crm.csv'])
    expect(lines().map(({ event }) => event)).toEqual([
      'started',
      'sending',
      'row',
      'row',
      'reporting',
      'finished',
    ])
    const [started] = lines()
    expect(started).toMatchObject({
      level: 'info',
      version: expect.stringMatching(/^\d+\./),
      host: server.url.replace('http://', ''),
      rows: 3,
      calls: 2,
      settled: 0,
      options: { concurrency: 16, blank: 'clear' },
    })
    expect(lines().filter(({ event }) => event === 'row')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ row: 2, line: 3, customer: 'cus_…0002', code: 'E_CUSTOMER_NOT_FOUND' }),
        expect.objectContaining({ row: 3, line: 4, customer: '', code: 'E_ID' }),
      ]),
    )
    expect(lines().at(-1)).toMatchObject({ outcomes: { updated: 1, rejected: 1, invalid: 1 }, exitCode: 1 })
    expect(statSync(join(directory(), 'run.log')).mode & 0o777).toBe(0o600)
  })

  it('is continued when the run goes on, and says what was settled before', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n${id(2)},Jane\n`)
    await update(['crm.csv', '--limit', '1'])
    await update(['crm.csv'])
    expect(lines().filter(({ event }) => event === 'started')).toMatchObject([{ settled: 0 }, { settled: 1 }])
  })

  it('says why a run stopped', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    await folder.run(['update', 'crm.csv', '--base-url', server.url], {
      RAPYD_ACCESS_KEY: 'other',
      RAPYD_SECRET_KEY: 'other',
    })
    expect(lines()).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'stopped', code: 'E_AUTH' }),
    )
  })

  it('is not written with --log-level silent', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},Jo\n`)
    await update(['crm.csv', '--log-level', 'silent'])
    expect(readdirSync(directory())).not.toContain('run.log')
  })

  it('holds no cell, no key and no text of Rapyd’s; of all files only errors.csv holds cells', async () => {
    const canary = 'CANARYx1'
    const [wrong, refused] = [`${canary}@@`, `${canary} Street`]
    folder.write(
      'crm.csv',
      [
        'customer,name,email,description,metadata.tier,addresses[0].line_1',
        `${id(1)},${canary},a@example.com,${canary},${canary},${canary}`,
        `${id(2)},${canary},${wrong},${canary},${canary},${canary}`,
        `${id(3)},${canary},a@example.com,${canary},${canary},${refused}`,
        `${canary},${canary},a@example.com,${canary},${canary},x`,
        `${id(4)},${canary}`,
        '',
      ].join('\n'),
    )
    server.answer = (call) =>
      call.id === id(3)
        ? { status: 400, body: envelope('ERROR', 'ERROR_UPDATE_CUSTOMER', undefined, `${canary} is wrong`) }
        : undefined
    const finished = await update(['crm.csv', '--log-level', 'trace'])
    expect(finished.code).toBe(1)
    expect(finished.stdout + finished.stderr).not.toContain(canary)
    expect(filesWith(canary)).toEqual(['errors.csv'])
    for (const key of Object.values(server.keys)) expect(filesWith(key)).toEqual([])
    expect(lines().filter(({ event }) => event === 'row')).toHaveLength(4)
  })

  it('holds no key of an NDJSON object either', async () => {
    folder.write('crm.ndjson', `{"customer":"${id(1)}","CANARYx1":"CANARYx2","metadata":{"CANARYx3":1}}\n`)
    await update(['crm.ndjson'])
    expect(folder.report('run.log')).toContain('E_UNKNOWN_FIELD')
    expect(folder.report('run.log')).not.toContain('CANARY')
  })
})
