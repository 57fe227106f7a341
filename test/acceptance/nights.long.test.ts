/** What `update` makes of tonight's file where the same name was sent before. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { createDice, firstNight, goodNight, textOf } from './support/nights.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

describe('update on the second night', () => {
  let folder: Folder
  let server: RapydServer
  const dice = createDice(1)
  const first = firstNight(60, dice)
  const second = goodNight(first, dice)
  const update = async (text: string, ...args: readonly string[]) => {
    folder.write('crm.csv', text)
    const before = server.updates.length
    const finished = await folder.run(
      ['update', 'crm.csv', '--rate', 'none', '--base-url', server.url, ...args],
      server.keys,
    )
    return { ...finished, calls: server.updates.length - before }
  }

  beforeEach(async () => {
    folder = freshFolder()
    server = await startRapydServer()
    expect(await update(textOf(first))).toMatchObject({ code: 0, calls: 60 })
  })
  afterEach(async () => {
    await server.close()
    folder.remove()
  })

  it('sends what is like the night before', async () => {
    expect(await update(textOf(second))).toMatchObject({ code: 0, calls: second.rows.length })
  })

  it('refuses what is not, says how it differs, and sends it once that is accepted', async () => {
    const half = {
      header: second.header.slice(0, -1),
      rows: second.rows.slice(0, 29).map((row) => row.slice(0, -1)),
    }
    const refused = await update(textOf(half))
    expect(refused).toMatchObject({ code: 3, calls: 0 })
    expect(refused.stderr).toMatch(
      /this file is not like the one before it: it has 29 rows, 48 % of last time's 60; no row has date_of_birth, which 60 of 60 had last time \(last time: run crm-[0-9a-f]{10}, 20\d\d-/,
    )
    expect(refused.stderr).toContain('--accept-change rows,date_of_birth')
    expect(await update(textOf(half), '--accept-change', 'rows')).toMatchObject({ code: 3, calls: 0 })
    expect(await update(textOf(half), '--accept-change', 'rows,date_of_brith')).toMatchObject({
      code: 2,
      calls: 0,
      stderr: expect.stringMatching(/\[E_OPTION_ACCEPT_CHANGE\]\n.*"date_of_birth"/),
    })
    expect(await update(textOf(half), '--accept-change', 'rows,date_of_birth')).toMatchObject({
      code: 0,
      calls: 29,
    })
    // From then on, that is how the file is.
    expect(await update(textOf({ ...half, rows: half.rows.slice(1) }))).toMatchObject({ code: 0, calls: 28 })
  })

  it('compares no NDJSON file with the CSV file of the same name', async () => {
    const [id = '', name = ''] = second.rows[0] ?? []
    folder.write('crm.ndjson', `${JSON.stringify({ customer: id, name })}\n`)
    const args = ['update', 'crm.ndjson', '--rate', 'none', '--base-url', server.url]
    expect(await folder.run(args, server.keys)).toMatchObject({ code: 0 })
  })

  it('holds --only-changed to the whole file, whatever of it has changed', async () => {
    const changed = textOf({
      ...second,
      rows: second.rows.map((row, index) =>
        index === 3 ? [...row.slice(0, 4), 'new', ...row.slice(5)] : row,
      ),
    })
    await update(textOf(second), '--only-changed')
    expect(await update(changed, '--only-changed')).toMatchObject({ code: 0, calls: 1 })
    const half = textOf({ ...second, rows: second.rows.slice(0, 25) })
    expect(await update(half, '--only-changed')).toMatchObject({
      code: 3,
      calls: 0,
      stderr: expect.stringContaining('25 rows'),
    })
    expect(await update(changed, '--only-changed')).toMatchObject({ code: 0, calls: 0 })
  })

  it('asks nothing again of a run that was begun, and lets --expect-rows speak for the number of rows', async () => {
    const more = textOf({ ...second, rows: [...second.rows, ...firstNight(200, dice).rows.slice(80)] })
    const count = more.trimEnd().split('\n').length - 1
    expect(await update(more)).toMatchObject({
      code: 3,
      calls: 0,
      stderr: expect.stringContaining(`${count} rows, 30`),
    })
    expect(await update(more, '--expect-rows', String(count), '--limit', '10')).toMatchObject({ calls: 10 })
    expect(await update(more)).toMatchObject({ code: 0, calls: count - 10 })
  })

  it('knows nothing of what comes over a pipe, but what the file itself tells', async () => {
    const piped = (rows: typeof second.rows, cut = 0) =>
      folder.run(
        ['update', '-', '--rate', 'none', '--base-url', server.url],
        server.keys,
        textOf({ ...second, rows }).slice(0, -cut || undefined),
      )
    expect(await piped(second.rows)).toMatchObject({ code: 0 })
    expect(await piped(second.rows.slice(0, 20))).toMatchObject({ code: 0 })
    expect(await piped(second.rows, 30)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /is damaged: it ends in the middle of row \d+, .*--accept-change damage/s,
      ),
    })
  })

  it('compares neither with other names, nor with unfinished runs, nor fields under another mapping', async () => {
    const few = textOf({
      header: ['customer', 'Full Name'],
      rows: second.rows.slice(0, 58).map((row) => row.slice(0, 2)),
    })
    folder.write('map.yaml', 'columns: { Full Name: name }')
    expect(await update(few, '--map', 'map.yaml')).toMatchObject({ code: 0, calls: 58 })
    const short = textOf({ ...second, rows: second.rows.slice(0, 20) })
    const begun = await update(short, '--accept-change', 'all', '--limit', '1')
    expect(begun).toMatchObject({ code: 0, calls: 1 })
    expect(await update(textOf(second))).toMatchObject({ code: 0, calls: second.rows.length })
    folder.write('other.csv', textOf({ ...second, rows: second.rows.slice(0, 5) }))
    const other = await folder.run(['update', 'other.csv', '--base-url', server.url], server.keys)
    expect(other.code).toBe(0)
  })
})
