/** Runs in the store as no test can make them: of production, which no test may reach, and without their record. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { redo } from '../../../src/index.ts'
import { recordText, signedRecord } from '../../../src/engine/record.ts'
import { manifestText, signManifest } from '../../../src/engine/signed-manifest.ts'
import { openSqliteStore } from '../../../src/store/sqlite/store.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freshFolder, type Folder } from '../../acceptance/support/command.ts'
import { envelope, startRapydServer, type RapydServer } from '../../acceptance/support/rapyd-server.ts'
import { hasTerminal, runOnTerminal } from '../../acceptance/support/terminal.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
let folder: Folder
let server: RapydServer
const runs = () => readdirSync(join(folder.path, 'rapyd-runs')).toSorted()
const parent = () => runs()[0] ?? ''

const open = () => new DatabaseSync(join(folder.path, '.state', 'rapyd-bulk', 'store.db'))

function edit(statements: string): void {
  const store = open()
  store.exec(statements)
  store.close()
}

/** Moves the run to another host, signed as that key signs it. */
async function moveTo(host: string, options: Readonly<Record<string, string | undefined>>): Promise<void> {
  const database = open()
  database.prepare('UPDATE run SET host = ?').run(host)
  database.close()
  const store = await openSqliteStore(join(folder.path, '.state', 'rapyd-bulk', 'store.db'))
  const stored = (await store.findRun(parent()))?.stored
  if (stored === undefined) throw new Error('no run')
  const record = JSON.parse(recordText(stored).text)
  const text = JSON.stringify({ ...record, options: { ...record.options, baseUrl: undefined, ...options } })
  const { RAPYD_ACCESS_KEY: accessKey, RAPYD_SECRET_KEY: secretKey } = server.keys
  const signature = signManifest(host, { accessKey, secretKey }, manifestText(stored, text))
  await store.setNote(stored.id, ...signedRecord(signature, text))
  await store.close()
}

beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
  folder.write('crm.csv', `customer,name\n${id(1)},A\n${id(2)},B\n${id(3)},C\n`)
  server.answer = (call) =>
    call.id === id(1) ? undefined : { status: 400, body: envelope('ERROR', 'INVALID') }
  await folder.run(['update', 'crm.csv', '--base-url', server.url, '--rate', 'none'], server.keys)
})
afterEach(async () => {
  await server.close()
  folder.remove()
})

it('a redo asks for production by the number of rows that it would send', async () => {
  await moveTo('api.rapyd.net', { env: 'production' })
  for (const confirmed of [[], ['--confirm-production', 'api.rapyd.net:3']]) {
    const { code, stderr } = await folder.run(['redo', parent(), ...confirmed], server.keys)
    expect([code, stderr]).toEqual([2, expect.stringContaining('--confirm-production api.rapyd.net:2')])
  }
  if (hasTerminal) {
    const question = 'Type api.rapyd.net:2 to send: '
    const screen = await runOnTerminal(folder.path, ['redo', parent()], question, 'yes', server.keys)
    expect(screen).toMatchObject({ code: 2, screen: expect.stringContaining('E_NOT_CONFIRMED') })
  }
  expect(runs()).toHaveLength(1)
})

it('a run that does not say how it was begun is not redone: E_RUN_RECORD', async () => {
  edit(`DELETE FROM run_note WHERE name = 'record'`)
  const { code, stderr } = await folder.run(['redo', parent()], server.keys)
  expect([code, stderr]).toEqual([6, expect.stringContaining('[E_RUN_RECORD]')])
})

it('a host that is not Rapyd’s is not taken from the run: it is named in the call', async () => {
  const host = 'rapyd.example.com'
  await moveTo(host, { baseUrl: `https://${host}`, allowHost: host })
  for (const command of ['redo', 'rollback', 'verify']) {
    const { code, stderr } = await folder.run([command, parent()], server.keys)
    expect([code, stderr]).toEqual([2, expect.stringContaining('[E_HOST_NOT_ALLOWED]')])
    expect(stderr).toContain(`--allow-host ${host}`)
  }
  // The library takes none of the run's either.
  const { RAPYD_ACCESS_KEY: accessKey, RAPYD_SECRET_KEY: secretKey } = server.keys
  const store = join(folder.path, '.state', 'rapyd-bulk', 'store.db')
  const runsDir = join(folder.path, 'rapyd-runs')
  // It would stop before its first call.
  const own = { store, runsDir, accessKey, secretKey, signal: AbortSignal.abort() }
  await expect(redo({ run: parent(), ...own })).rejects.toMatchObject({ code: 'E_HOST_NOT_ALLOWED' })
})
