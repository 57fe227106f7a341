/** Runs and plans are followed only as they were written, and with the key that signed them. */
import { hash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { envelope, startRapydServer, type RapydServer } from './support/rapyd-server.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
let folder: Folder
let server: RapydServer
let stranger: RapydServer
const requests = ({ updates, reads }: RapydServer) => updates.length + reads.length
const run = (args: readonly string[], keys: Readonly<Record<string, string>> = server.keys) =>
  folder.run([...args], keys)
const runs = () => readdirSync(join(folder.path, 'rapyd-runs')).filter((name) => !name.includes('plan'))

beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
  stranger = await startRapydServer()
  folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n`)
  server.answer = ({ id: customer }) =>
    customer === id(1) ? undefined : { status: 400, body: envelope('ERROR', 'INVALID') }
})
afterEach(async () => {
  await server.close()
  await stranger.close()
  folder.remove()
})

function edit(change: string, ...values: readonly string[]): void {
  const store = new DatabaseSync(join(folder.path, '.state', 'rapyd-bulk', 'store.db'))
  store.prepare(change).run(...values)
  store.close()
}

const update = () => ['update', 'crm.csv', '--base-url', server.url, '--rate', 'none', '--backup']

it.each([
  ['redo', [], 'host'],
  ['rollback', [], 'host'],
  ['rollback', ['--dry-run'], 'record'],
  ['verify', [], 'record'],
  ['redo', [], 'directory'],
] as const)('%s %j does not follow a run whose %s was edited', async (command, options, part) => {
  await run(update())
  const [name = ''] = runs()
  const parts = {
    host: () => edit('UPDATE run SET host = ?', new URL(stranger.url).host),
    record: () =>
      edit(
        `UPDATE run_note SET value = replace(value, ?, ?) WHERE name = 'record'`,
        server.url,
        stranger.url,
      ),
    directory: () => edit('UPDATE run SET directory = ?', join(folder.path, 'elsewhere', name)),
  }
  parts[part]()
  const sent = requests(server)
  const { code, stderr } = await run([command, name, ...options])
  expect([code, stderr]).toEqual([6, expect.stringContaining('[E_MANIFEST]')])
  expect([requests(stranger), requests(server)]).toEqual([0, sent])
})

it('the same update does not continue a run whose folder was edited', async () => {
  await run([...update(), '--limit', '1'])
  edit('UPDATE run SET directory = ?', join(folder.path, 'elsewhere', runs()[0] ?? ''))
  expect(await run(update())).toMatchObject({ code: 6, stderr: expect.stringContaining('[E_MANIFEST]') })
})

it('a run of another secret key is followed when that is accepted, once, and after what it does was shown', async () => {
  await run(update())
  const [name = ''] = runs()
  const keys = { ...server.keys, RAPYD_SECRET_KEY: 'changed-secret' }
  for (const command of ['redo', 'rollback', 'verify']) {
    const { code, stderr } = await run([command, name], keys)
    expect([code, stderr]).toEqual([2, expect.stringContaining('[E_KEY_CHANGED]')])
    expect(stderr).toMatch(/2 rows.*crm\.csv/)
  }
  const former = { ...server.keys }
  Object.assign(server.keys, keys)
  const first = await run(['verify', name, '--accept-key-change'], keys)
  expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/another secret key: host .*2 rows/) })
  expect(await run(['verify', name], keys)).toMatchObject({ code: 0 })
  expect((await run(['verify', name], former)).code).toBe(2)
})

it('a plan with a digest of its own is refused if somebody else has written it', async () => {
  server.answer = () => undefined
  await run(['plan', 'crm.csv', '--base-url', server.url, '--rate', 'none', '--out', 'plan.ndjson'])
  const path = join(folder.path, 'plan.ndjson')
  const text = readFileSync(path, 'utf8')
  const [headLine = '', ...rows] = text.split('\n')
  const { sha256: _, signature, counts, ...facts } = JSON.parse(headLine)
  const moved = {
    ...facts,
    host: new URL(stranger.url).host,
    options: { ...facts.options, baseUrl: stranger.url },
  }
  const body = hash('sha256', rows.join('\n'), 'hex')
  const sha256 = hash('sha256', `${JSON.stringify({ ...moved, counts })}\n${body}`, 'hex')
  writeFileSync(path, [JSON.stringify({ ...moved, counts, sha256, signature }), ...rows].join('\n'))
  const { code, stderr } = await run(['apply', 'plan.ndjson'])
  expect([code, stderr, requests(stranger)]).toEqual([6, expect.stringContaining('[E_MANIFEST]'), 0])
  writeFileSync(path, text)
  const keys = { ...server.keys, RAPYD_SECRET_KEY: 'changed-secret' }
  expect((await run(['apply', 'plan.ndjson'], keys)).stderr).toContain('[E_KEY_CHANGED]')
  expect(await run(['apply', 'plan.ndjson'])).toMatchObject({ code: 0 })
})
