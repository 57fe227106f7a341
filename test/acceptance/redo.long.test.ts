import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const refused = { status: 400, body: envelope('ERROR', 'INVALID') } as const

describe('redo', () => {
  let folder: Folder
  let server: RapydServer
  const update = (...args: readonly string[]) =>
    folder.run(['update', ...args, '--base-url', server.url, '--rate', 'none'], server.keys)
  const redo = (...args: readonly string[]) => folder.run(['redo', ...args, '--rate', 'none'], server.keys)
  const runs = () => readdirSync(join(folder.path, 'rapyd-runs')).toSorted()
  const parent = () => runs()[0] ?? ''
  const report = (run: string, name: string) =>
    readFileSync(join(folder.path, 'rapyd-runs', run, name), 'utf8')
  const results = (run: string): Record<string, string>[] =>
    parse(report(run, 'results.csv'), { columns: true })
  const outcomes = (run: string) => results(run).map(({ row, outcome }) => `${row} ${outcome}`)
  const refuse = (...numbers: readonly number[]) => {
    server.answer = (call) => (numbers.some((number) => call.id === id(number)) ? refused : undefined)
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

  it('sends again what is left, as a run of its own with its parent, until nothing is left', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n${id(3)},C\nnobody,D\n`)
    refuse(2, 3)
    expect((await update('crm.csv')).stderr).toContain(`rapyd-bulk redo ${parent()} --from `)
    refuse(3)
    server.updates.length = 0
    const first = await redo(parent())
    expect(first.code).toBe(1)
    expect(server.updates.map((call) => call.id).toSorted()).toEqual([id(2), id(3)])
    expect(runs()[1]).toBe(`${parent()}-redo-1`)
    expect(outcomes(`${parent()}-redo-1`)).toEqual(['2 updated', '3 rejected'])
    expect(JSON.parse(report(`${parent()}-redo-1`, 'summary.json'))).toMatchObject({
      run_id: `${parent()}-redo-1`,
      parent: { run_id: parent() },
      input: { rows: 2 },
    })
    refuse()
    server.updates.length = 0
    expect((await redo(parent())).code).toBe(0)
    expect(server.updates.map((call) => call.id)).toEqual([id(3)])
    server.updates.length = 0
    expect(await redo(parent())).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing of') })
    expect(server.updates).toEqual([])
    expect(runs()).toHaveLength(3)
  })

  it('makes a redo of a redo', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n`)
    refuse(2)
    await update('crm.csv')
    await redo(parent())
    refuse()
    expect((await redo(`${parent()}-redo-1`)).code).toBe(0)
    expect(outcomes(`${parent()}-redo-1-redo-1`)).toEqual(['2 updated'])
    expect(await redo(parent())).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing of') })
  })

  it('takes no run for a redo because of its name', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n`)
    refuse(2)
    await update('crm.csv', '--run-id', 'a')
    refuse()
    await update('crm.csv', '--run-id', 'a-redo-1')
    server.updates.length = 0
    expect((await redo('a')).code).toBe(0)
    expect(server.updates.map((call) => call.id)).toEqual([id(2)])
    expect(runs()).toEqual(['a', 'a-redo-1', 'a-redo-2'])
  })

  it('sends mended rows, and refuses those that are none of the run', async () => {
    folder.write('crm.csv', `customer,name,email\n${id(1)},A,a@b.de\n${id(2)},B,no\nnobody,C,c@d.de\n`)
    refuse(1)
    await update('crm.csv')
    refuse()
    server.updates.length = 0
    const errors = report(parent(), 'errors.csv')
    const lines = errors.replace('nobody', id(3)).replace(',no,', ',b@c.de,').trimEnd().split('\n')
    const stranger = (lines[1] ?? '').replace(/,1,rejected/, ',99,rejected')
    folder.write('mended.csv', `${[...lines, stranger, lines[1]].join('\n')}\n`)
    expect((await redo(parent(), '--from', 'mended.csv')).code).toBe(1)
    const run = `${parent()}-redo-1`
    expect(outcomes(run)).toEqual(['1 updated', '2 updated', '3 updated', '4 invalid', '5 invalid'])
    expect(results(run)[3]).toMatchObject({ error_code: 'E_REDO_ROW', error_field: 'rapyd_bulk_row' })
    expect(server.customer(id(2))).toEqual({ name: 'B', email: 'b@c.de' })
    // Rows that the redo has settled need nothing more; the others are refused as before.
    server.updates.length = 0
    folder.write('mended.csv', errors)
    expect(await redo(parent(), '--from', 'mended.csv')).toMatchObject({ code: 0 })
    expect(server.updates).toEqual([])
  })

  it('takes no errors of a redo for those of its parent, whose rows have other numbers', async () => {
    folder.write('crm.csv', `customer,name\n${[1, 2, 3, 4].map((row) => `${id(row)},N${row}`).join('\n')}\n`)
    refuse(1, 2, 3, 4)
    await update('crm.csv')
    const [header, , , ...last] = report(parent(), 'errors.csv').trimEnd().split('\n')
    folder.write('mended.csv', `${[header, ...last].join('\n')}\n`)
    await redo(parent(), '--from', 'mended.csv')
    refuse()
    server.updates.length = 0
    folder.write('mended.csv', report(`${parent()}-redo-1`, 'errors.csv'))
    await redo(parent(), '--from', 'mended.csv')
    expect(server.updates).toEqual([])
    expect(results(`${parent()}-redo-2`).map((row) => row['error_code'])).toEqual([
      'E_REDO_ROW',
      'E_REDO_ROW',
    ])
    expect((await redo(parent())).code).toBe(0)
    expect(server.updates.map((call) => call.id).toSorted()).toEqual([1, 2, 3, 4].map(id))
  })

  it('refuses an errors file without its row numbers', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n`)
    refuse(1)
    await update('crm.csv')
    expect(await redo(parent(), '--from', 'crm.csv')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('E_REDO_COLUMN'),
    })
  })

  it('looks first what became of rows in doubt, and sends only what is missing', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n`)
    server.answer = (call) => (call.id === id(1) ? 'cut_after' : 'cut_before')
    await update('crm.csv', '--no-read-back', '--max-errors', '100%')
    expect(outcomes(parent())).toEqual(['1 unknown', '2 unknown'])
    server.answer = () => undefined
    server.updates.length = 0
    server.reads.length = 0
    expect((await redo(parent(), '--read-back')).code).toBe(0)
    expect(server.reads.toSorted()).toEqual([id(1), id(2)])
    expect(server.updates.map((call) => call.id)).toEqual([id(2)])
    expect(outcomes(`${parent()}-redo-1`)).toEqual(['1 updated', '2 updated'])
  }, 60_000)

  it('does not send a row whose customer a later row has updated', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},old\n${id(1)},new\n${id(2)},B\n`)
    let calls = 0
    server.answer = (call) =>
      call.id === id(2) || (call.id === id(1) && ++calls === 1) ? refused : undefined
    await update('crm.csv')
    server.answer = () => undefined
    server.updates.length = 0
    const finished = await redo(parent())
    expect(finished).toMatchObject({ code: 0, stderr: expect.stringContaining('1 row') })
    expect(server.updates.map((call) => call.id)).toEqual([id(2)])
    expect(server.customer(id(1))['name']).toBe('new')
    expect(results(`${parent()}-redo-1`)[0]).toMatchObject({
      outcome: 'unchanged',
      message: 'row 2 of this customer was updated later; not sent again',
    })
  })

  it('goes on with a redo that stopped, reports on it, and refuses another one beside it', async () => {
    const rows = Array.from({ length: 4 }, (_, row) => `${id(row + 1)},N${row}`)
    folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
    refuse(2, 3, 4)
    await update('crm.csv')
    refuse()
    server.updates.length = 0
    const canary = await redo(parent(), '--limit', '1')
    expect(server.updates.map((call) => call.id)).toEqual([id(2)])
    expect(canary.code).toBe(0)
    const run = `${parent()}-redo-1`
    rmSync(join(folder.path, 'rapyd-runs', run, 'results.csv'))
    expect((await folder.run(['report', run])).code).toBe(0)
    expect(outcomes(run)).toEqual(['2 updated', '3 not_attempted', '4 not_attempted'])
    folder.write('mended.csv', report(parent(), 'errors.csv'))
    expect(await redo(parent(), '--from', 'mended.csv')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`\\[E_RUN_OPEN\\]\n.*rapyd-bulk redo ${parent()} `)),
    })
    expect((await redo(parent())).code).toBe(0)
    expect(server.updates.map((call) => call.id).toSorted()).toEqual([id(2), id(3), id(4)])
    expect(runs()).toHaveLength(2)
  })

  it('refuses a run that is not finished, with the command that finishes it', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n`)
    await update('crm.csv', '--limit', '1')
    expect(await redo(parent())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`rapyd-bulk update ${join(folder.path, 'crm.csv')}`),
    })
    expect(runs()).toHaveLength(1)
  })

  it('refuses another account, and an input that is another file by now', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n`)
    refuse(1)
    await update('crm.csv')
    server.updates.length = 0
    const env = { ...server.keys, RAPYD_ACCESS_KEY: 'other' }
    expect(await folder.run(['redo', parent()], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_OTHER_ACCOUNT]'),
    })
    expect(await redo(parent(), '--base-url', 'http://127.0.0.1:9')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('127.0.0.1:9'),
    })
    folder.write('crm.csv', `customer,name\n${id(1)},B\n`)
    expect(await redo(parent())).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('E_INPUT_CHANGED'),
    })
    expect(server.updates).toEqual([])
    expect(runs()).toHaveLength(1)
  })

  it('refuses an older redo once a later one has taken up what it left', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n${id(3)},C\n`)
    refuse(2, 3)
    await update('crm.csv')
    await redo(parent())
    refuse(3)
    await redo(parent(), '--limit', '1')
    const [first, second] = [`${parent()}-redo-1`, `${parent()}-redo-2`]
    server.updates.length = 0
    const refusal = {
      code: 2,
      stderr: expect.stringContaining('[E_REDO_OLDER]'),
    }
    expect(await redo(first)).toMatchObject(refusal)
    expect((await redo(parent())).code).toBe(1)
    expect(outcomes(second)).toEqual(['2 updated', '3 rejected'])
    expect(await redo(first)).toMatchObject(refusal)
    expect(server.updates.map((call) => call.id)).toEqual([id(3)])
    expect(runs()).toHaveLength(3)
  })

  it('refuses a redo of a run below which one is open', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n${id(3)},C\n`)
    refuse(2, 3)
    await update('crm.csv')
    await redo(parent())
    refuse()
    await redo(`${parent()}-redo-1`, '--limit', '1')
    server.updates.length = 0
    expect(await redo(parent())).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`\\[E_RUN_OPEN\\]\n.*rapyd-bulk redo ${parent()}-redo-1 `)),
    })
    expect(server.updates).toEqual([])
    expect((await redo(`${parent()}-redo-1`)).code).toBe(0)
    expect(server.updates.map((call) => call.id)).toEqual([id(3)])
  })

  it('sends mended NDJSON, and refuses a file without row numbers', async () => {
    folder.write(
      'crm.ndjson',
      `{"id":"${id(1)}","name":"A"}\n{"id":"nobody","name":"B"}\n{"id":"${id(3)}","name":"C"}\n`,
    )
    refuse(3)
    await update('crm.ndjson')
    refuse()
    server.updates.length = 0
    expect(await redo(parent(), '--from', 'crm.ndjson')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('[E_REDO_COLUMN]'),
    })
    folder.write('mended.ndjson', report(parent(), 'errors.ndjson').replace('nobody', id(2)))
    expect((await redo(parent(), '--from', 'mended.ndjson')).code).toBe(0)
    expect(server.updates.map((call) => `${call.id} ${call.body}`).toSorted()).toEqual([
      `${id(2)} {"name":"B"}`,
      `${id(3)} {"name":"C"}`,
    ])
    expect(runs()).toHaveLength(2)
  })

  it('merges the same rows again, and sends no mended row without those that were merged into it', async () => {
    const rows = [
      { id: id(1), name: 'A' },
      { id: id(1), email: 'a@b.de' },
      { id: id(2), name: 'B' },
    ]
    folder.write('crm.ndjson', rows.map((row) => JSON.stringify(row)).join('\n'))
    refuse(1, 2)
    await update('crm.ndjson', '--duplicates', 'merge', '--max-errors', '100%')
    expect(outcomes(parent())).toEqual(['1 unchanged', '2 rejected', '3 rejected'])
    refuse(1)
    folder.write('mended.ndjson', report(parent(), 'errors.ndjson'))
    server.updates.length = 0
    expect((await redo(parent(), '--from', 'mended.ndjson')).code).toBe(1)
    expect(outcomes(`${parent()}-redo-1`)).toEqual(['1 invalid', '2 updated'])
    expect(results(`${parent()}-redo-1`)[0]).toMatchObject({
      message: expect.stringContaining('were merged into'),
    })
    refuse()
    server.updates.length = 0
    expect((await redo(parent())).code).toBe(0)
    expect(server.updates.map((call) => [call.id, call.body])).toEqual([
      [id(1), '{"name":"A","email":"a@b.de"}'],
    ])
  })
})
