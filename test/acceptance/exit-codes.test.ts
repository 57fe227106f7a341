/** The exit codes that need a situation of their own; those of rows, options, files and keys are in `update.test.ts`. */
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRawServer, type RawServer } from './support/raw-server.ts'

const keys = { RAPYD_ACCESS_KEY: 'access', RAPYD_SECRET_KEY: 'secret' }
let folder: Folder
let run = ''
let server: RawServer | undefined
beforeEach(() => {
  folder = freshFolder()
  folder.write('crm.csv', 'customer,name\ncus_1,Jo\n')
  run = join(folder.path, 'rapyd-runs', 'a-run')
  mkdirSync(run, { recursive: true })
})
afterEach(async () => {
  await server?.close()
  server = undefined
  folder.remove()
})

const onSimulator = () => folder.run(['update', 'crm.csv', '--env', 'simulator', '--run-id', 'a-run'])

it('5 where the remote side is not Rapyd', async () => {
  server = await startRawServer({
    onRequest: (socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'),
  })
  const finished = await folder.run(['update', 'crm.csv', '--base-url', server.origin], keys)
  expect(finished).toMatchObject({ code: 5, stderr: expect.stringContaining('E_REDIRECT') })
  expect(server.requests).toHaveLength(1)
})

it('6 where a report cannot be written, and all is there once it can', async () => {
  mkdirSync(join(run, 'results.csv'))
  expect(await onSimulator()).toMatchObject({ code: 6, stderr: expect.stringContaining('E_REPORT_WRITE') })
  rmdirSync(join(run, 'results.csv'))
  expect(await onSimulator()).toMatchObject({ code: 0, stderr: expect.stringContaining('finished before') })
})

it('7 where another process holds the run, and says which', async () => {
  const asked = Promise.withResolvers<void>()
  server = await startRawServer({ onRequest: () => asked.resolve() })
  const args = ['update', 'crm.csv', '--base-url', server.origin, '--run-id', 'a-run']
  const holder = folder.start(args, keys)
  await asked.promise
  const finished = await folder.run(args, keys)
  expect(finished).toMatchObject({ code: 7, stderr: expect.stringContaining(`process ${holder.pid}`) })
  expect(finished.stderr).toContain('[E_BUSY]')
  holder.kill('SIGKILL')
  await holder.finished
})

it('70 where something happens that nobody foresaw, without a stack and without values', async () => {
  folder.write('fault.mjs', 'process.stdout.write = () => { throw new TypeError("CANARY") }')
  const fault = { NODE_OPTIONS: `--import=${join(folder.path, 'fault.mjs')}` }
  const { code, stderr } = await folder.run(['validate', 'crm.csv'], fault)
  expect([code, stderr]).toEqual([70, expect.stringContaining('[E_BUG]')])
  expect(stderr).not.toMatch(/CANARY|\.ts:/)
})
