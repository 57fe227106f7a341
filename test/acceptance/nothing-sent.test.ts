/** "Nothing was sent" is said only by a command that has sent nothing. */
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const claim = /nothing was sent/i
const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const csv = (rows: number) =>
  `customer,name\n${Array.from({ length: rows }, (_, row) => `${id(row)},${'Name '.repeat(20)}${row}`).join('\n')}\n`

let folder: Folder
let server: RapydServer
beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
})
afterEach(async () => {
  await server.close()
  folder.remove()
})

const command = (...args: readonly string[]) =>
  folder.run([...args, '--base-url', server.url, '--rate', 'none', '--concurrency', '2'], server.keys)

/** Writes over the last bytes of a file, which stays the same one. */
function damageEnd(path: string): void {
  const file = openSync(path, 'r+')
  writeSync(file, 'x'.repeat(200), statSync(path).size - 200)
  closeSync(file)
}

it('is left out by an apply whose plan is damaged while it is sent', async () => {
  folder.write('crm.csv', csv(60))
  expect((await command('plan', 'crm.csv', '--out', 'plan.ndjson')).code).toBe(0)
  server.answer = () => {
    if (server.updates.length === 5) damageEnd(join(folder.path, 'plan.ndjson'))
    return undefined
  }
  const { code, stdout, stderr } = await folder.run(
    ['apply', 'plan.ndjson', '--verify', '--rate', 'none', '--concurrency', '2'],
    server.keys,
  )
  expect([code, stderr]).toEqual([3, expect.stringContaining('[E_PLAN_CHANGED]')])
  expect(server.updates.length).toBeGreaterThan(5)
  const run = readdirSync(join(folder.path, 'rapyd-runs')).find((name) => !name.endsWith('-plan')) ?? ''
  const log = readFileSync(join(folder.path, 'rapyd-runs', run, 'run.log'), 'utf8')
  expect(stdout + stderr + log).not.toMatch(claim)
  server.updates.length = 0
  const again = await folder.run(['apply', 'plan.ndjson', '--rate', 'none'], server.keys)
  expect([again.code, again.stderr]).toEqual([3, expect.stringMatching(claim)])
  expect(server.updates).toEqual([])
})
